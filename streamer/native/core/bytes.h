// SPDX-License-Identifier: Apache-2.0
// Integers in wire order at any address. (GStreamer's macros assume that unaligned access is harmless.)
#pragma once

#include <cstdint>

namespace nestri {

inline uint32_t loadBe32(const uint8_t* from) {
  return (static_cast<uint32_t>(from[0]) << 24) | (static_cast<uint32_t>(from[1]) << 16) |
         (static_cast<uint32_t>(from[2]) << 8) | from[3];
}

inline uint32_t loadLe32(const uint8_t* from) {
  return (static_cast<uint32_t>(from[3]) << 24) | (static_cast<uint32_t>(from[2]) << 16) |
         (static_cast<uint32_t>(from[1]) << 8) | from[0];
}

inline void storeLe32(uint8_t* to, uint32_t value) {
  for (int i = 0; i < 4; ++i)
    to[i] = static_cast<uint8_t>(value >> (8 * i));
}

inline void storeBe64(uint8_t* to, uint64_t value) {
  for (int i = 0; i < 8; ++i)
    to[i] = static_cast<uint8_t>(value >> (8 * (7 - i)));
}

}  // namespace nestri
