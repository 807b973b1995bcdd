// SPDX-License-Identifier: Apache-2.0
// Sound from capture to RTP packets, in a pipeline of its own: when it fails, or is missing, the picture goes on, and
// it keeps its sequence numbers while encoder pipelines come and go. Packets carry Timeline timestamps.
#pragma once

#include "bus_watch.h"
#include "counters.h"
#include "error.h"
#include "media_types.h"
#include "timeline.h"

#include <functional>
#include <optional>

namespace nestri {

class AudioSource {
 public:
  /// Takes each packet on the audio's streaming thread. Must not block.
  using PacketSink = std::function<void(GstSample*)>;

  AudioSource(const AudioOptions& options, uint32_t ssrc, const Timeline& timeline, Counters& counters,
              EventSink events, PacketSink packets);
  ~AudioSource();
  AudioSource(const AudioSource&) = delete;
  AudioSource& operator=(const AudioSource&) = delete;

  /// Begins to play; what goes wrong now or later is an `error` event of the part `audio`, never a failure.
  void start();
  /// Returns when its threads have ended. Idempotent.
  void stop();

 private:
  Result<void> build();
  Result<void> play();

  const AudioOptions options_;
  const uint32_t ssrc_;
  const Timeline& timeline_;
  Counters& counters_;
  const EventSink events_;
  const PacketSink packets_;
  ObjectPtr<GstElement> pipeline_;
  std::optional<BusWatch> watch_;
};

}  // namespace nestri
