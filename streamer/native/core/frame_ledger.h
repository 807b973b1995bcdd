// SPDX-License-Identifier: Apache-2.0
// Follows each frame from the encoder's entrance to the socket: how long it took, and whether one was lost on the way.
// A frame is known by its capture time before the payloader and by its RTP timestamp behind it. Holds the newest
// frames only and never allocates. Thread-safe: stages may run on different threads.
#pragma once

#include "counters.h"

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

namespace nestri {

class FrameLedger {
 public:
  explicit FrameLedger(Counters& counters) : counters_(counters) {}

  /// A raw frame reaches the encoder. All times are in nanoseconds of the session's Timeline.
  void enteredEncoder(int64_t capturedAt, int64_t now);

  struct Encoded {
    /// When the frame had entered the encoder, or -1 if it was not seen entering.
    int64_t enteredAt;
  };
  /// The encoded frame of that capture time comes out. Older frames that did not come out were dropped by the encoder.
  Encoded leftEncoder(int64_t capturedAt, int64_t now, uint64_t bytes);

  /// The first packet of that frame was made.
  void payloaded(int64_t capturedAt, uint32_t rtpTimestamp);

  /// The last packet with that RTP timestamp goes to the socket.
  void sent(uint32_t rtpTimestamp, int64_t now);

  /// Frames captured before `since` are not timed: what waited for the connection says nothing about latency.
  void timeFrom(int64_t since);

 private:
  struct Entry {
    int64_t capturedAt = -1;
    int64_t enteredAt = -1;
    bool left = false;
    bool payloaded = false;
    bool sent = false;
    uint32_t rtpTimestamp = 0;
  };
  /// Two seconds at 60 frames a second; encoders in low-latency mode hold fewer than ten.
  static constexpr size_t kEntries = 128;

  Entry* find(int64_t capturedAt);

  Counters& counters_;
  std::mutex mutex_;
  std::array<Entry, kEntries> entries_{};
  size_t next_ = 0;
  int64_t timedSince_ = INT64_MAX;
};

}  // namespace nestri
