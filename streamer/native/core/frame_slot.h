// SPDX-License-Identifier: Apache-2.0
// Where the producer leaves its newest frame and the encoder takes it: one deep, newest wins. A frame that waits here
// is raw and unconverted, so dropping it costs nothing; behind the encoder nothing may be dropped. The slot also keeps
// the pace: it gives out at most the room's frame rate, although the producer may run at twice that. Of two polls per
// period it picks the ones that follow the drawing: the first poll that shows a new picture may move the grid.
// Thread-safe, for one producer and one consumer. It outlives encoder pipelines, which come and go.
#pragma once

#include "gst_ptr.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace nestri {

struct RawFrame {
  BufferPtr buffer;
  CapsPtr caps;
  /// When the picture was taken, in nanoseconds of the session's Timeline; equal to the buffer's timestamp.
  int64_t capturedAt = 0;
  /// Whether the picture differs from the producer's last one, as far as it knows.
  bool changed = true;
};

class FrameSlot {
 public:
  explicit FrameSlot(int framerateFps);

  /// Leaves a frame; one that still lies there is dropped and counted.
  void put(RawFrame frame);

  /// Waits for a frame that is due. Nothing is returned only after interrupt().
  std::optional<RawFrame> take();

  /// The frame, if there is one and it is due.
  std::optional<RawFrame> takeIfDue();

  /// Makes a waiting or future take() return nothing, until resume().
  void interrupt();
  void resume();
  /// Drops the waiting frame, so that an encoder that starts late does not begin with an old picture.
  void clear();

  /// Frames that came faster than the frame rate: expected when the producer polls at twice the rate.
  [[nodiscard]] uint64_t surplus() const { return surplus_.load(std::memory_order_relaxed); }
  /// Frames that were due but were overtaken while the encoder was busy.
  [[nodiscard]] uint64_t overtaken() const { return overtaken_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] bool isDue(const RawFrame& frame) const;
  [[nodiscard]] bool mayMoveGrid(const RawFrame& frame) const;
  void advanceGrid(int64_t capturedAt);
  std::optional<RawFrame> takeDue();

  const int64_t periodNs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<RawFrame> frame_;
  bool interrupted_ = false;
  /// Capture time from which the next frame is due.
  int64_t dueAt_ = INT64_MIN;
  int64_t gridMovedAt_ = INT64_MIN / 2;
  bool lastChanged_ = true;
  /// Whether the waiting frame is the first of a new picture and may move the grid.
  bool mayMoveGrid_ = false;
  std::atomic<uint64_t> surplus_{0};
  std::atomic<uint64_t> overtaken_{0};
};

}  // namespace nestri
