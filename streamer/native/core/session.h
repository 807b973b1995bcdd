// SPDX-License-Identifier: Apache-2.0
// One room's media: a producer, at most one encoder pipeline at a time, audio and input. Two kinds of callers:
//   control: start, setAnswer, restartEncoder, close; one thread, they may wait
//   any:     the others; they return at once
// Events come from streaming threads and stop when close() has returned.
#pragma once

#include "audio_source.h"
#include "counters.h"
#include "echo_ledger.h"
#include "encoder_pipeline.h"
#include "error.h"
#include "frame_slot.h"
#include "input_hub.h"
#include "interrupt.h"
#include "key_frames.h"
#include "media_types.h"
#include "producer.h"
#include "timeline.h"

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nestri {

class Session {
 public:
  Session(SessionOptions options, EventSink events);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Starts input, audio, producer and encoder. On failure everything is stopped again.
  Result<void> start();
  /// The relay's answer to the newest offer.
  Result<void> setAnswer(const std::string& sdp);
  /// Replaces encoder and webrtcbin; capture and audio go on. On failure there is no encoder until the next attempt.
  Result<void> restartEncoder(const EncoderOptions& encoder);
  /// Ends everything. Idempotent.
  void close();

  void setBitrate(int bitrateKbps);
  void requestKeyFrame(KeyFrameReason reason);
  /// Messages on that SCTP stream are input of `viewer` until the stream ends. Streams end with their encoder pipeline.
  void addInputStream(const std::string& viewer, int streamId);
  void removeInputStream(int streamId);
  void releaseInput(std::string_view viewer);
  bool injectInput(std::string_view viewer, std::span<const uint8_t> message);
  [[nodiscard]] Stats stats();
  /// Ends a wait of the control thread, because close() is next.
  void interrupt();

 private:
  Result<void> openInput();
  Result<void> startEncoder(const EncoderOptions& encoder);
  void stopEncoder();
  [[nodiscard]] std::shared_ptr<EncoderPipeline> encoder();

  const SessionOptions options_;
  const EventSink events_;
  const std::shared_ptr<const Timeline> timeline_ = std::make_shared<const Timeline>();
  const std::shared_ptr<EchoLedger> echo_ = std::make_shared<EchoLedger>();
  const std::shared_ptr<Interrupt> interrupt_ = std::make_shared<Interrupt>();
  const uint32_t audioSsrc_;
  Counters counters_;
  KeyFrames keyFrames_;
  FrameSlot slot_;
  bool closed_ = false;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<AudioSource> audio_;

  /// Guards the pointers that callers of any thread follow, not what they point to.
  std::mutex mutex_;
  std::shared_ptr<InputHub> hub_;
  /// The hub's counts when it was closed.
  uint64_t lastInputEvents_ = 0;
  uint64_t lastInputRejected_ = 0;
  std::shared_ptr<EncoderPipeline> encoder_;
  /// The newest bitrate asked for: a restarted encoder begins with it.
  std::optional<int> bitrateKbps_;
};

}  // namespace nestri
