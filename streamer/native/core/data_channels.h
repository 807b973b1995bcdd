// SPDX-License-Identifier: Apache-2.0
// The data channels of one webrtcbin: the frame echo out, input in. All are negotiated with fixed stream ids, because
// the relay does not speak DCEP. Messages go from webrtcbin's thread straight to the injector, never through
// JavaScript. When a channel closes, everything its viewer holds is released.
#pragma once

#include "echo_ledger.h"
#include "error.h"
#include "gst_ptr.h"
#include "input_hub.h"
#include "media_types.h"
#include "timeline.h"

#include <gst/webrtc/webrtc.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace nestri {

class DataChannels {
 public:
  struct Context {
    std::shared_ptr<InputHub> hub;
    std::shared_ptr<EchoLedger> echo;
    std::shared_ptr<const Timeline> timeline;
    EventSink events;
  };

  /// `webrtc` must be in READY or above, and outlive this.
  DataChannels(GstElement* webrtc, Context context);
  /// Releases the input of every viewer that had a channel here.
  ~DataChannels();
  DataChannels(const DataChannels&) = delete;
  DataChannels& operator=(const DataChannels&) = delete;

  /// Opens the echo channel; before the first offer, so that the offer has a data section. Control thread.
  Result<void> openEcho(int streamId);
  /// Tells viewers which frame shows the effect of an input. Any thread; does nothing until the channel is open.
  void sendEcho(uint32_t rtpTimestamp, uint32_t seq);

  /// Opens a channel that takes input of `viewer`. Control thread.
  Result<void> openInput(const std::string& viewer, int streamId);
  /// Closes it and releases the viewer's input. Unknown ids are ignored: the relay may have closed it first.
  void closeInput(int streamId);

 private:
  struct Input;
  struct Strangers;

  ObjectPtr<GstWebRTCDataChannel> create(const char* label, int streamId);

  /// Weak, see the constructor.
  GstElement* webrtc_;
  const Context context_;
  /// Channels that the relay's data opened before openInput() was called for them.
  std::shared_ptr<Strangers> strangers_;
  std::mutex echoMutex_;
  ObjectPtr<GstWebRTCDataChannel> echo_;
  std::map<int, std::shared_ptr<Input>> inputs_;
};

}  // namespace nestri
