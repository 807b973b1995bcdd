// SPDX-License-Identifier: Apache-2.0
// Draws rows of the machine-readable frame clock. The format (48 cells of 16x16 pixels: 1010, 40 bits of value, four
// check bits) is written down in protocol/src/frame-clock.ts, which also reads it back. Pure functions of their
// arguments.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>

namespace nestri {

inline constexpr int kClockCellPx = 16;
inline constexpr int kClockCells = 48;
/// A picture narrower than this many pixels has no room for a row.
inline constexpr int kClockWidthPx = kClockCellPx * kClockCells;
inline constexpr uint64_t kClockMask = (uint64_t{1} << 40) - 1;

/// The 48 cells of a value (modulo 2^40), true = white, leftmost first.
constexpr std::array<bool, kClockCells> clockCells(uint64_t value) {
  constexpr int valueBits = 40;
  std::array<bool, kClockCells> cells{true, false, true, false};
  unsigned check = 0;
  for (int nibble = 0; nibble < valueBits / 4; ++nibble)
    check ^= (value >> (4 * nibble)) & 0xF;
  for (int i = 0; i < valueBits; ++i)
    cells[4 + i] = ((value >> (valueBits - 1 - i)) & 1) != 0;
  for (int k = 0; k < 4; ++k)
    cells[4 + valueBits + k] = ((check >> (3 - k)) & 1) != 0;
  return cells;
}

/// Value of row 0 at this moment: CLOCK_REALTIME in units of 100 microseconds, modulo 2^40.
inline uint64_t clockValueNow() {
  using HundredMicros = std::chrono::duration<uint64_t, std::ratio<1, 10'000>>;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<HundredMicros>(now).count() & kClockMask;
}

/// Paints row `row` (its top edge is y = 16 * row) into an 8-bit luma plane of video range, which must be at least
/// 768 pixels wide and 16 * (row + 1) high. `strideBytes` is the distance of two lines.
inline void paintClockRow(uint8_t* luma, int strideBytes, int row, uint64_t value) {
  const auto cells = clockCells(value);
  uint8_t* first = luma + static_cast<ptrdiff_t>(row) * kClockCellPx * strideBytes;
  for (int i = 0; i < kClockCells; ++i)
    std::memset(first + i * kClockCellPx, cells[i] ? 235 : 16, kClockCellPx);
  for (int y = 1; y < kClockCellPx; ++y) {
    std::memcpy(first + static_cast<ptrdiff_t>(y) * strideBytes, first, kClockWidthPx);
  }
}

/// The same into 32-bit pixels whose bytes are B, G, R, X (an X11 image of depth 24 on a little-endian machine).
inline void paintClockRowBgrx(uint8_t* pixels, int strideBytes, int row, uint64_t value) {
  const auto cells = clockCells(value);
  uint8_t* first = pixels + static_cast<ptrdiff_t>(row) * kClockCellPx * strideBytes;
  for (int i = 0; i < kClockCells; ++i) {
    std::memset(first + i * kClockCellPx * 4, cells[i] ? 255 : 0, kClockCellPx * 4);
  }
  for (int y = 1; y < kClockCellPx; ++y) {
    std::memcpy(first + static_cast<ptrdiff_t>(y) * strideBytes, first, kClockWidthPx * 4);
  }
}

}  // namespace nestri
