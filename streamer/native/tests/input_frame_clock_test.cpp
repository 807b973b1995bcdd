// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/frame_clock.h"

using namespace nestri;

namespace {

std::string cellsText(uint64_t value) {
  std::string text;
  for (const bool cell : clockCells(value))
    text += cell ? '1' : '0';
  return text;
}

}  // namespace

TEST_CASE("the cells of a value are those of the TypeScript reader") {
  // The same text stands in protocol/src/frame-clock.test.ts.
  CHECK(cellsText(0x123456789A) == "101000010010001101000101011001111000100110101011");
  CHECK(cellsText(0) == "101000000000000000000000000000000000000000000000");
  CHECK(cellsText(kClockMask) == "101011111111111111111111111111111111111111110000");
}

TEST_CASE("a row is painted at its place and nowhere else") {
  constexpr int width = 800;
  constexpr int height = 48;
  std::vector<uint8_t> luma(width * height, 100);
  paintClockRow(luma.data(), width, 1, 0x123456789A);
  const auto cells = clockCells(0x123456789A);
  int wrong = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool isClock = y >= 16 && y < 32 && x < kClockWidthPx;
      const int expected = !isClock ? 100 : cells[x / 16] ? 235 : 16;
      if (luma[y * width + x] != expected)
        ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("32-bit pixels are black or white in all of their bytes") {
  constexpr int stride = kClockWidthPx * 4 + 16;
  std::vector<uint8_t> pixels(stride * 16, 7);
  paintClockRowBgrx(pixels.data(), stride, 0, 1);
  CHECK(pixels[0] == 255);
  CHECK(pixels[15 * stride + 3] == 255);
  CHECK(pixels[16 * 4] == 0);
  CHECK(pixels[43 * 16 * 4 + 2] == 255);
  CHECK(pixels[kClockWidthPx * 4] == 7);
}

TEST_CASE("the clock counts units of 100 microseconds and fits into its row") {
  const uint64_t first = clockValueNow();
  uint64_t next = first;
  while (next == first)
    next = clockValueNow();
  CHECK(((next - first) & kClockMask) < 10'000);
  CHECK(next <= kClockMask);
}
