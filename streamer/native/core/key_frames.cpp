// SPDX-License-Identifier: Apache-2.0
#include "key_frames.h"

namespace nestri {
namespace {

/// A request that reaches the encoder while it takes a frame in may be answered by that frame, and then no other answer
/// comes: after this many frames it is no longer waited for.
constexpr int kForgetAfterFrames = 30;

}  // namespace

void KeyFrames::encoderStarts() {
  const std::scoped_lock lock(mutex_);
  requests_.fill({});
  requests_[static_cast<size_t>(KeyFrameReason::start)] = {.open = true};
}

void KeyFrames::ask(KeyFrameReason reason, int64_t now) {
  const std::scoped_lock lock(mutex_);
  Request& request = requests_[static_cast<size_t>(reason)];
  if (!request.open)
    request = {.open = true, .askedAt = now};
}

void KeyFrames::cameOut(bool isKeyFrame, int64_t enteredAt) {
  const std::scoped_lock lock(mutex_);
  // The order of the enumeration is the order of precedence: each key frame counts once.
  KeyFrameReason reason = KeyFrameReason::unasked;
  for (size_t i = 0; i < requests_.size(); ++i) {
    Request& request = requests_[i];
    if (!request.open || (enteredAt >= 0 && request.askedAt > enteredAt))
      continue;
    if (!isKeyFrame) {
      request.open = ++request.passed < kForgetAfterFrames;
      continue;
    }
    request.open = false;
    if (reason == KeyFrameReason::unasked)
      reason = static_cast<KeyFrameReason>(i);
  }
  if (isKeyFrame)
    counts_[static_cast<size_t>(reason)] += 1;
}

std::array<uint64_t, kKeyFrameReasons> KeyFrames::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace nestri
