// SPDX-License-Identifier: Apache-2.0
// The webrtcbin of an encoder pipeline: makes one offer when the formats of all its inputs are known, takes the answer,
// and reports the connection. Everything webrtcbin calls arrives on its own thread and returns at once: waiting there
// for a webrtcbin promise would wait for ever.
#pragma once

#include "error.h"
#include "gst_ptr.h"
#include "interrupt.h"
#include "media_types.h"

#include <functional>
#include <memory>
#include <string>

namespace nestri {

class Publisher {
 public:
  struct Options {
    std::string stunServer;
    EventSink events;
    /// The transport is up, or gone for good: called on webrtcbin's thread.
    std::function<void(bool connected)> onConnection;
    /// The last packet with that RTP timestamp and payload type goes to the socket. On streaming threads.
    std::function<void(uint32_t rtpTimestamp, unsigned payloadType)> onSent;
  };

  /// Adds a webrtcbin to `pipeline`, which must outlive the publisher and must be at NULL when that goes.
  static Result<std::unique_ptr<Publisher>> create(GstElement* pipeline, Options options);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Requests the next send-only input. `msid` names its media stream: inputs that share one are held back to play in
  /// step, so audio and video get different ones. `nack` also makes retransmissions.
  Result<ObjectPtr<GstPad>> addInput(const char* msid, bool nack);

  /// Applies the relay's answer. Control thread only; waits at most ten seconds, or until `interrupt`.
  Result<void> setAnswer(const std::string& sdp, const std::shared_ptr<Interrupt>& interrupt);

  /// From now on nothing is reported: the pipeline is about to go to NULL.
  void retire();

  [[nodiscard]] GstElement* element() const { return webrtc_.get(); }

 private:
  struct State;
  Publisher(ObjectPtr<GstElement> webrtc, std::shared_ptr<State> state);

  ObjectPtr<GstElement> webrtc_;
  std::shared_ptr<State> state_;
};

}  // namespace nestri
