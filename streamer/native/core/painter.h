// SPDX-License-Identifier: Apache-2.0
// Draws the moving picture of the test source and of the encoder probe: a scrolling texture, sprites and a changing
// counter row, with the frame clock on top. It moves as a game does, so that an encoder has real work, but costs
// little: the texture is made once and copied line by line. Not thread-safe; one owner.
#pragma once

#include "error.h"
#include "gst_ptr.h"

#include <cstdint>
#include <vector>

namespace nestri {

class Painter {
 public:
  /// A painter of I420 pictures; sizes are even and at least 16.
  Painter(int widthPx, int heightPx, int framerateFps);
  ~Painter();
  Painter(const Painter&) = delete;
  Painter& operator=(const Painter&) = delete;

  /// Caps of the pictures: video/x-raw, I420.
  [[nodiscard]] GstCaps* caps() const { return caps_.get(); }

  /// The next picture, without a timestamp. Its memory returns to a pool once nobody uses it any more.
  Result<BufferPtr> paint();

 private:
  struct Plane;
  void paintBackground(const Plane& luma, const Plane& u, const Plane& v) const;
  void paintSprites(const Plane& luma, const Plane& u, const Plane& v) const;

  const int widthPx_;
  const int heightPx_;
  CapsPtr caps_;
  ObjectPtr<GstBufferPool> pool_;
  /// One plane of texture, wider and higher than the picture, for the luma; every second pixel of it for the chroma.
  std::vector<uint8_t> texture_;
  int textureWidth_ = 0;
  int textureHeight_ = 0;
  uint64_t frame_ = 0;
};

}  // namespace nestri
