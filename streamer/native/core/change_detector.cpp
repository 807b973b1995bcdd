// SPDX-License-Identifier: Apache-2.0
#include "change_detector.h"

#include <cstring>

namespace nestri {

bool ChangeDetector::changed(const uint8_t* pixels, size_t strideBytes, size_t lineBytes, int heightPx) {
  const auto lines = static_cast<size_t>(heightPx / kLineStep);
  bool differs = lines_.size() != lines * lineBytes;
  if (differs)
    lines_.resize(lines * lineBytes);
  for (size_t i = 0; i < lines; ++i) {
    // Lines in the middle of each band: a clock or a border at the top edge is not all there is to see.
    const uint8_t* line = pixels + (i * kLineStep + kLineStep / 2) * strideBytes;
    uint8_t* kept = lines_.data() + i * lineBytes;
    if (!differs && std::memcmp(kept, line, lineBytes) == 0)
      continue;
    differs = true;
    std::memcpy(kept, line, lineBytes);
  }
  return differs;
}

}  // namespace nestri
