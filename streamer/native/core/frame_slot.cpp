// SPDX-License-Identifier: Apache-2.0
#include "frame_slot.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace nestri {
namespace {

/// How often the grid may be moved, in nanoseconds.
constexpr int64_t kGridRestNs = 1'000'000'000;

}  // namespace

FrameSlot::FrameSlot(int framerateFps) : periodNs_(1'000'000'000LL / framerateFps) {}

// A quarter of a period is allowed for the jitter of the producer's timer: without it a frame that comes a
// microsecond early would be passed over for one that is half a period younger.
bool FrameSlot::isDue(const RawFrame& frame) const {
  if (dueAt_ == INT64_MIN || frame.capturedAt >= dueAt_ - periodNs_ / 4)
    return true;
  return mayMoveGrid_ && frame.capturedAt >= dueAt_ - periodNs_ * 5 / 8;
}

// A program that draws at the frame rate shows its picture half a period before the poll on the grid, or just after it,
// as chance has it. The poll after an unchanged one that shows a new picture is the one right behind the drawing.
// Once a second at most: the frame rate is kept, but for half a frame.
bool FrameSlot::mayMoveGrid(const RawFrame& frame) const {
  return frame.changed && !lastChanged_ && frame.capturedAt - gridMovedAt_ > kGridRestNs;
}

void FrameSlot::put(RawFrame frame) {
  // Freed after the lock is released: freeing a picture may take long.
  std::optional<RawFrame> old;
  {
    const std::scoped_lock lock(mutex_);
    if (frame_)
      (isDue(*frame_) ? overtaken_ : surplus_).fetch_add(1, std::memory_order_relaxed);
    mayMoveGrid_ = mayMoveGrid(frame);
    lastChanged_ = frame.changed;
    old = std::exchange(frame_, std::move(frame));
  }
  changed_.notify_one();
}

std::optional<RawFrame> FrameSlot::take() {
  std::unique_lock lock(mutex_);
  while (!interrupted_) {
    if (auto due = takeDue())
      return due;
    if (frame_) {
      // Too early. A newer one normally follows; when the producer has stopped, this one is shown after all.
      const auto patience = std::chrono::nanoseconds(dueAt_ - frame_->capturedAt + periodNs_ / 2);
      const int64_t waitingFor = frame_->capturedAt;
      const bool newer = changed_.wait_for(lock, patience,
                                           [&] { return interrupted_ || !frame_ || frame_->capturedAt != waitingFor; });
      if (!newer)
        dueAt_ = waitingFor;
    } else {
      changed_.wait(lock);
    }
  }
  return std::nullopt;
}

std::optional<RawFrame> FrameSlot::takeIfDue() {
  const std::scoped_lock lock(mutex_);
  return takeDue();
}

std::optional<RawFrame> FrameSlot::takeDue() {
  if (!frame_ || !isDue(*frame_))
    return std::nullopt;
  advanceGrid(frame_->capturedAt);
  return std::exchange(frame_, std::nullopt);
}

void FrameSlot::advanceGrid(int64_t capturedAt) {
  if (dueAt_ != INT64_MIN && capturedAt < dueAt_ - periodNs_ / 4) {
    gridMovedAt_ = capturedAt;
    dueAt_ = capturedAt + periodNs_;
    return;
  }
  // Steps along the grid while the producer keeps pace, starts a new grid after a gap.
  const int64_t next = dueAt_ == INT64_MIN ? capturedAt : dueAt_;
  dueAt_ = std::max(next + periodNs_, capturedAt + periodNs_ / 2);
}

void FrameSlot::interrupt() {
  const std::scoped_lock lock(mutex_);
  interrupted_ = true;
  changed_.notify_all();
}

void FrameSlot::resume() {
  const std::scoped_lock lock(mutex_);
  interrupted_ = false;
}

void FrameSlot::clear() {
  const std::scoped_lock lock(mutex_);
  frame_.reset();
}

}  // namespace nestri
