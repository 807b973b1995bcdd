// SPDX-License-Identifier: Apache-2.0
// A moving picture that costs an encoder as much as a game does: layers that pan at different speeds, many objects that
// cover each other, sparks that no motion search finds again. Cheap to draw: rows are copied out of one texture that is
// made at start. Pure apart from its own state; the same frame number gives the same picture.

#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace nestri::tools {

class Scene {
 public:
  Scene(int widthPx, int heightPx)
      : width_(widthPx), height_(heightPx), textureWidth_(widthPx + kPeriodPx), texture_(textureWidth_ * heightPx) {
    paintTexture();
    for (auto& spark : sparks_)
      spark = static_cast<uint32_t>(hash(&spark - sparks_.data(), 77) * 0x10101);
  }

  /// Draws the picture of `seconds` after start into 32-bit pixels, BGRX.
  void draw(uint8_t* pixels, int strideBytes, double seconds) const {
    for (int layer = 0; layer < kLayers; ++layer) {
      const int from = height_ * layer / kLayers;
      const int to = height_ * (layer + 1) / kLayers;
      const double speed = 60.0 * (layer + 1) * (layer % 2 == 0 ? 1 : -1);
      copy(pixels, strideBytes, {0, from, width_, to - from}, offset(seconds * speed), from);
    }
    for (int i = 0; i < kObjects; ++i)
      drawObject(pixels, strideBytes, seconds, i);
    for (int i = 0; i < kSparks; ++i)
      drawSpark(pixels, strideBytes, seconds, i);
  }

 private:
  static constexpr int kPeriodPx = 1024;
  static constexpr int kLayers = 6;
  static constexpr int kObjects = 24;
  static constexpr int kSparks = 24;
  static constexpr int kSparkPx = 16;

  struct Box {
    int x;
    int y;
    int width;
    int height;
  };

  static int offset(double distancePx) {
    const double rest = std::fmod(distancePx, kPeriodPx);
    return static_cast<int>(rest < 0 ? rest + kPeriodPx : rest);
  }

  static uint32_t hash(int64_t x, int64_t y) {
    auto h = static_cast<uint64_t>(x) * 0x9E3779B97F4A7C15U ^ static_cast<uint64_t>(y) * 0xC2B2AE3D27D4EB4FU;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9U;
    return static_cast<uint32_t>(h >> 40) & 0xFF;
  }

  /// Value noise with cells of `cellPx`, periodic over the texture's period, 0..255.
  static double noise(int x, int y, int cellPx, int salt) {
    const int columns = kPeriodPx / cellPx;
    const int cx = x / cellPx;
    const int cy = y / cellPx;
    const double fx = static_cast<double>(x % cellPx) / cellPx;
    const double fy = static_cast<double>(y % cellPx) / cellPx;
    const auto at = [&](int i, int j) { return static_cast<double>(hash(i % columns + salt * 4096, j)); };
    const double top = std::lerp(at(cx, cy), at(cx + 1, cy), fx);
    const double bottom = std::lerp(at(cx, cy + 1), at(cx + 1, cy + 1), fx);
    return std::lerp(top, bottom, fy);
  }

  void paintTexture() {
    for (int y = 0; y < height_; ++y) {
      uint32_t* row = &texture_[static_cast<size_t>(y) * textureWidth_];
      for (int x = 0; x < kPeriodPx; ++x) {
        const double large = noise(x, y, 128, 1);
        const double medium = noise(x, y, 32, 2);
        const double fine = noise(x, y, 8, 3);
        const double grain = hash(x, y);
        const auto channel = [&](double base, double weight) {
          return static_cast<uint32_t>(
              std::clamp(base * weight + 0.3 * medium + 0.22 * fine + 0.1 * grain - 20, 0.0, 255.0));
        };
        row[x] = channel(large, 0.7) << 16 | channel(255 - large, 0.5) << 8 | channel(medium, 0.4);
      }
      for (int x = kPeriodPx; x < textureWidth_; ++x)
        row[x] = row[x - kPeriodPx];
    }
  }

  /// Copies a part of the texture to `box`, cut at the picture's edges.
  void copy(uint8_t* pixels, int strideBytes, Box box, int textureX, int textureY) const {
    const int left = std::max(box.x, 0);
    const int right = std::min(box.x + box.width, width_);
    if (right <= left)
      return;
    for (int i = 0; i < box.height; ++i) {
      const int y = box.y + i;
      if (y < 0 || y >= height_)
        continue;
      const auto row = static_cast<size_t>((textureY + i) % height_) * textureWidth_;
      std::memcpy(pixels + static_cast<ptrdiff_t>(y) * strideBytes + left * 4,
                  &texture_[row + (textureX + left - box.x) % kPeriodPx], static_cast<size_t>(right - left) * 4);
    }
  }

  void drawObject(uint8_t* pixels, int strideBytes, double seconds, int i) const {
    const int size = height_ / 12 + static_cast<int>(hash(i, 1)) * height_ / 2560;
    const double phase = hash(i, 2) / 40.0;
    const double speed = 0.6 + hash(i, 3) / 160.0;
    const int x = static_cast<int>((0.5 + 0.5 * std::sin(seconds * speed + phase)) * width_) - size / 2;
    const int y = static_cast<int>((0.5 + 0.5 * std::cos(seconds * speed * 1.3 + 2 * phase)) * height_) - size / 2;
    // The texture moves inside of the object as well, as a turning thing's does.
    copy(pixels, strideBytes, {x, y, size, size}, offset(i * 37 + seconds * 90 * (i % 3)),
         static_cast<int>(hash(i, 4)) * height_ / 256);
  }

  void drawSpark(uint8_t* pixels, int strideBytes, double seconds, int i) const {
    const auto moment = static_cast<int64_t>(seconds * 30);
    const int x = static_cast<int>(hash(moment, i * 2)) * (width_ - kSparkPx) / 255;
    const int y = static_cast<int>(hash(moment, i * 2 + 1)) * (height_ - kSparkPx) / 255;
    for (int line = 0; line < kSparkPx; ++line) {
      const size_t from = hash(moment * kSparks + i, line) % (sparks_.size() - kSparkPx);
      std::memcpy(pixels + static_cast<ptrdiff_t>(y + line) * strideBytes + x * 4, &sparks_[from], kSparkPx * 4);
    }
  }

  int width_;
  int height_;
  int textureWidth_;
  std::vector<uint32_t> texture_;
  std::array<uint32_t, 300> sparks_{};
};

}  // namespace nestri::tools
