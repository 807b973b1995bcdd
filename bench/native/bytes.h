// SPDX-License-Identifier: Apache-2.0
// Big-endian integers in byte buffers. The caller checks the bounds.

#pragma once

#include <cstdint>

namespace nestri::bench {

inline uint16_t readU16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}

inline uint32_t readU32(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 | static_cast<uint32_t>(at[2]) << 8 |
         at[3];
}

inline uint64_t readU64(const uint8_t* at) {
  return static_cast<uint64_t>(readU32(at)) << 32 | readU32(at + 4);
}

inline void writeU16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

inline void writeU24(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value >> 16);
  writeU16(at + 1, static_cast<uint16_t>(value));
}

inline void writeU32(uint8_t* at, uint32_t value) {
  writeU16(at, static_cast<uint16_t>(value >> 16));
  writeU16(at + 2, static_cast<uint16_t>(value));
}

inline void writeU64(uint8_t* at, uint64_t value) {
  writeU32(at, static_cast<uint32_t>(value >> 32));
  writeU32(at + 4, static_cast<uint32_t>(value));
}

}  // namespace nestri::bench
