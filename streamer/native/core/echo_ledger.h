// SPDX-License-Identifier: Apache-2.0
// Remembers which input had been injected when, until the first frame captured afterwards leaves: that frame carries
// the answer to "when did my key press show". Never allocates. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

namespace nestri {

class EchoLedger {
 public:
  /// Input with that sequence number has just been injected. `now` is a moment of the session's Timeline.
  void injected(uint32_t seq, int64_t now) {
    const std::scoped_lock lock(mutex_);
    waiting_[written_ % kCapacity] = {seq, now};
    ++written_;
  }

  /// The newest sequence number injected before `capturedAt` that no earlier frame has taken.
  std::optional<uint32_t> take(int64_t capturedAt) {
    const std::scoped_lock lock(mutex_);
    std::optional<uint32_t> newest;
    if (written_ - read_ > kCapacity)
      read_ = written_ - kCapacity;
    while (read_ < written_ && waiting_[read_ % kCapacity].at <= capturedAt) {
      newest = waiting_[read_ % kCapacity].seq;
      ++read_;
    }
    return newest;
  }

 private:
  struct Injected {
    uint32_t seq = 0;
    int64_t at = 0;
  };
  /// More than a gaming mouse sends between two frames.
  static constexpr size_t kCapacity = 256;

  std::mutex mutex_;
  std::array<Injected, kCapacity> waiting_{};
  size_t written_ = 0;
  size_t read_ = 0;
};

}  // namespace nestri
