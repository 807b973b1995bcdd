// SPDX-License-Identifier: Apache-2.0
// Tells whether a picture differs from the one before by comparing every sixteenth line. Small changes between those
// lines are missed: the answer may steer timing, never decide whether a picture is shown. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nestri {

class ChangeDetector {
 public:
  /// Compares with the picture of the last call and remembers this one. True for the first.
  bool changed(const uint8_t* pixels, size_t strideBytes, size_t lineBytes, int heightPx);

 private:
  static constexpr int kLineStep = 16;
  std::vector<uint8_t> lines_;
};

}  // namespace nestri
