// SPDX-License-Identifier: Apache-2.0
// What the streaming threads count. Plain atomics: any thread may add, stats() reads them without stopping anybody.
#pragma once

#include "percentiles.h"

#include <atomic>
#include <cstdint>

namespace nestri {

struct Counters {
  std::atomic<uint64_t> framesCaptured{0};
  std::atomic<uint64_t> framesEncoded{0};
  std::atomic<uint64_t> bytesEncoded{0};
  std::atomic<uint64_t> largestFrameBytes{0};
  std::atomic<uint64_t> droppedByEncoder{0};
  std::atomic<uint64_t> droppedWhenSending{0};
  std::atomic<uint64_t> audioPackets{0};
  /// Timeline moment of the newest frame at each stage, or -1.
  std::atomic<int64_t> lastCapturedAt{-1};
  std::atomic<int64_t> lastEncodedAt{-1};
  std::atomic<int64_t> lastSentAt{-1};
  SampleWindow encodeTimes;
  SampleWindow captureToSendTimes;
};

/// Raises `maximum` to `value` if that is larger.
inline void raiseTo(std::atomic<uint64_t>& maximum, uint64_t value) {
  uint64_t seen = maximum.load(std::memory_order_relaxed);
  while (seen < value && !maximum.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace nestri
