// SPDX-License-Identifier: Apache-2.0
// The data channels of one webrtcbin: the frame echo out, input in. All are negotiated with fixed stream ids, because
// the relay does not speak DCEP.
//
// The echo is a webrtcbin data channel. Input streams are not: webrtcbin refuses negotiated channels with an id above 0
// once it has offered (its limit is never set), and each would cost a thread and two hops. They are taken off sctpdec
// as they appear, and each message goes from its SCTP stream's thread straight to the injector.
#pragma once

#include "echo_ledger.h"
#include "error.h"
#include "gst_ptr.h"
#include "input_hub.h"
#include "media_types.h"
#include "timeline.h"

#include <gst/webrtc/webrtc.h>

#include <memory>
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

  /// `webrtc` must be in READY and not have offered yet, and outlive this.
  DataChannels(GstElement* webrtc, Context context);
  /// The pipeline must be at NULL. Releases the input of every viewer that had a stream here.
  ~DataChannels();
  DataChannels(const DataChannels&) = delete;
  DataChannels& operator=(const DataChannels&) = delete;

  /// Opens the echo channel; before the first offer, so that the offer has a data section. Control thread.
  Result<void> openEcho(int streamId);
  /// Tells viewers which frame shows the effect of an input. Any thread; does nothing until the channel is open.
  void sendEcho(uint32_t rtpTimestamp, uint32_t seq);

  /// From now on messages on that SCTP stream are input of `viewer`. Any thread. `input-ready` follows as soon as the
  /// association is up.
  void openInput(const std::string& viewer, int streamId);
  /// Messages on that stream are dropped from now on, and the viewer's input is released. Any thread.
  void closeInput(int streamId);

 private:
  struct State;

  /// Weak, see the constructor.
  GstElement* webrtc_;
  /// Shared with the signal handlers and pads that use it.
  std::shared_ptr<State> state_;
};

}  // namespace nestri
