// SPDX-License-Identifier: Apache-2.0
#include "painter.h"

#include "frame_clock.h"

#include <gst/video/video.h>

#include <algorithm>
#include <cstring>

namespace nestri {
namespace {

constexpr int kScrollRoomPx = 256;
constexpr int kSpriteCount = 12;
constexpr int kSpriteSizePx = 48;
constexpr int kScrollPerFramePx = 4;

/// A small deterministic generator (xorshift): the same picture on every machine.
uint32_t nextRandom(uint32_t& state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/// Bricks with grain: edges for the motion search, noise that keeps the rate control busy.
std::vector<uint8_t> makeTexture(int width, int height) {
  std::vector<uint8_t> texture(static_cast<size_t>(width) * height);
  uint32_t state = 0x2545F491;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int offset = (y / 32) % 2 == 0 ? 0 : 32;
      const bool mortar = y % 32 < 3 || (x + offset) % 64 < 3;
      const int shade = 70 + static_cast<int>((((x + offset) / 64) * 37 + (y / 32) * 53) % 60);
      const int grain = static_cast<int>(nextRandom(state) % 9);
      texture[static_cast<size_t>(y) * width + x] = static_cast<uint8_t>((mortar ? 150 : shade) + grain);
    }
  }
  return texture;
}

/// A triangle wave: moves sprites to and fro without a jump.
int bounce(uint64_t position, int range) {
  if (range <= 0)
    return 0;
  const auto phase = static_cast<int>(position % (2 * static_cast<uint64_t>(range)));
  return phase < range ? phase : 2 * range - phase;
}

}  // namespace

struct Painter::Plane {
  uint8_t* data;
  int strideBytes;
  int width;
  int height;

  void fill(int x, int y, int w, int h, uint8_t value) const {
    const int right = std::min(x + w, width);
    const int bottom = std::min(y + h, height);
    if (right <= x)
      return;
    for (int row = y; row < bottom; ++row) {
      std::memset(data + static_cast<ptrdiff_t>(row) * strideBytes + x, value, right - x);
    }
  }
};

Painter::Painter(int widthPx, int heightPx, int framerateFps)
    : widthPx_(widthPx), heightPx_(heightPx),
      caps_(gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, widthPx, "height",
                                G_TYPE_INT, heightPx, "framerate", GST_TYPE_FRACTION, framerateFps, 1, "interlace-mode",
                                G_TYPE_STRING, "progressive", "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, nullptr)),
      textureWidth_(widthPx + kScrollRoomPx), textureHeight_(heightPx + kScrollRoomPx) {
  texture_ = makeTexture(textureWidth_, textureHeight_);
  pool_.reset(gst_video_buffer_pool_new());
  GstVideoInfo info;
  gst_video_info_from_caps(&info, caps_.get());
  GstStructure* config = gst_buffer_pool_get_config(pool_.get());
  gst_buffer_pool_config_set_params(config, caps_.get(), static_cast<guint>(info.size), 3, 0);
  gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config(pool_.get(), config);
  gst_buffer_pool_set_active(pool_.get(), TRUE);
}

Painter::~Painter() {
  gst_buffer_pool_set_active(pool_.get(), FALSE);
}

void Painter::paintBackground(const Plane& luma, const Plane& u, const Plane& v) const {
  const int shiftX = bounce(frame_ * kScrollPerFramePx, kScrollRoomPx);
  const int shiftY = bounce(frame_, kScrollRoomPx);
  for (int y = 0; y < luma.height; ++y) {
    std::memcpy(luma.data + static_cast<ptrdiff_t>(y) * luma.strideBytes,
                texture_.data() + static_cast<size_t>(y + shiftY) * textureWidth_ + shiftX, luma.width);
  }
  // Broad bands of colour that drift: cheap, and the chroma planes change as well.
  for (int y = 0; y < u.height; ++y) {
    const auto band = static_cast<uint64_t>(y) / 40 + frame_ / 30;
    std::memset(u.data + static_cast<ptrdiff_t>(y) * u.strideBytes, static_cast<int>(112 + band % 4 * 8), u.width);
    std::memset(v.data + static_cast<ptrdiff_t>(y) * v.strideBytes, static_cast<int>(144 - band % 3 * 8), v.width);
  }
}

void Painter::paintSprites(const Plane& luma, const Plane& u, const Plane& v) const {
  for (int i = 0; i < kSpriteCount; ++i) {
    const auto index = static_cast<uint64_t>(i);
    const int x = bounce(frame_ * (2 + index % 5) + index * 131, luma.width - kSpriteSizePx) & ~1;
    const int y = bounce(frame_ * (1 + index % 3) + index * 71, luma.height - kSpriteSizePx) & ~1;
    luma.fill(x, y, kSpriteSizePx, kSpriteSizePx, static_cast<uint8_t>(60 + i * 14));
    luma.fill(x + 8, y + 8, kSpriteSizePx / 2, kSpriteSizePx / 2, 200);
    u.fill(x / 2, y / 2, kSpriteSizePx / 2, kSpriteSizePx / 2, static_cast<uint8_t>(40 + i * 16));
    v.fill(x / 2, y / 2, kSpriteSizePx / 2, kSpriteSizePx / 2, static_cast<uint8_t>(220 - i * 16));
  }
  // A health bar at the bottom that fills and empties.
  const int barY = luma.height - 24;
  if (barY < 0)
    return;
  luma.fill(16, barY, luma.width / 3, 12, 40);
  luma.fill(16, barY, bounce(frame_ * 3, luma.width / 3), 12, 210);
}

Result<BufferPtr> Painter::paint() {
  GstBuffer* raw = nullptr;
  if (gst_buffer_pool_acquire_buffer(pool_.get(), &raw, nullptr) != GST_FLOW_OK) {
    return fail("ERR_SOURCE", "painter: no picture memory");
  }
  BufferPtr buffer(raw);
  GstVideoInfo info;
  gst_video_info_from_caps(&info, caps_.get());
  GstVideoFrame mapped;
  if (gst_video_frame_map(&mapped, &info, raw, GST_MAP_WRITE) == FALSE) {
    return fail("ERR_SOURCE", "painter: the picture cannot be mapped");
  }
  const auto plane = [&mapped](int index) {
    return Plane{static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&mapped, index)),
                 GST_VIDEO_FRAME_PLANE_STRIDE(&mapped, index), GST_VIDEO_FRAME_COMP_WIDTH(&mapped, index),
                 GST_VIDEO_FRAME_COMP_HEIGHT(&mapped, index)};
  };
  const Plane luma = plane(0);
  const Plane u = plane(1);
  const Plane v = plane(2);
  paintBackground(luma, u, v);
  paintSprites(luma, u, v);
  if (luma.width >= kClockWidthPx && luma.height >= kClockCellPx) {
    // Grey below the clock, so that its chroma does not bleed into the cells.
    u.fill(0, 0, kClockWidthPx / 2, kClockCellPx / 2, 128);
    v.fill(0, 0, kClockWidthPx / 2, kClockCellPx / 2, 128);
    paintClockRow(luma.data, luma.strideBytes, 0, clockValueNow());
  }
  gst_video_frame_unmap(&mapped);
  ++frame_;
  return buffer;
}

}  // namespace nestri
