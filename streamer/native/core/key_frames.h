// SPDX-License-Identifier: Apache-2.0
// Counts key frames by the reason they were asked for. One key frame answers every request that came before its frame
// entered the encoder; a key frame that nobody asked for is `unasked`, and there should be none: the GOP is infinite.
// Thread-safe.
#pragma once

#include "media_types.h"

#include <array>
#include <cstdint>
#include <mutex>

namespace nestri {

class KeyFrames {
 public:
  /// A new encoder begins: its first key frame has the reason `start`.
  void encoderStarts();

  /// Somebody asks for a key frame. `now` is a moment of the session's Timeline.
  void ask(KeyFrameReason reason, int64_t now);

  /// An encoded frame comes out whose raw frame had entered the encoder at `enteredAt` (-1 = unknown).
  void cameOut(bool isKeyFrame, int64_t enteredAt);

  /// Counts since the session was opened, indexed by KeyFrameReason.
  [[nodiscard]] std::array<uint64_t, kKeyFrameReasons> counts() const;

 private:
  struct Request {
    bool open = false;
    /// When it was asked for first.
    int64_t askedAt = 0;
    /// Frames that came out since without being key frames.
    int passed = 0;
  };

  mutable std::mutex mutex_;
  std::array<uint64_t, kKeyFrameReasons> counts_{};
  std::array<Request, kKeyFrameReasons> requests_{};
};

}  // namespace nestri
