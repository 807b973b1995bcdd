// SPDX-License-Identifier: Apache-2.0
// Durations of the frames since somebody last looked, and their percentiles. Adding allocates nothing; when nobody
// looks for long, the oldest samples are overwritten. Thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

namespace nestri {

struct Percentiles {
  /// Milliseconds; 0 where there was no sample.
  double p50 = 0;
  double p99 = 0;
};

class SampleWindow {
 public:
  void add(int64_t nanoseconds) {
    const std::scoped_lock lock(mutex_);
    samples_[written_ % kCapacity] = static_cast<float>(static_cast<double>(nanoseconds) / 1e6);
    ++written_;
  }

  /// Percentiles of the samples since the last call.
  Percentiles take() {
    std::vector<float> values;
    {
      const std::scoped_lock lock(mutex_);
      values.assign(samples_.begin(), samples_.begin() + std::min(written_, kCapacity));
      written_ = 0;
    }
    return {at(values, 0.50), at(values, 0.99)};
  }

 private:
  /// One minute at 60 frames a second: stats are taken far more often.
  static constexpr size_t kCapacity = 3600;

  static double at(std::vector<float>& values, double share) {
    if (values.empty())
      return 0;
    const auto index = static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
    std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(index), values.end());
    return values[index];
  }

  std::mutex mutex_;
  std::array<float, kCapacity> samples_{};
  size_t written_ = 0;
};

}  // namespace nestri
