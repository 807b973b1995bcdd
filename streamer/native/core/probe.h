// SPDX-License-Identifier: Apache-2.0
// Tells whether an encoder works by letting it encode a short moving picture. The registry cannot tell: elements are
// registered whose driver, device or licence is missing, and fail on their first buffer.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace nestri {

struct ProbeOptions {
  /// gst-launch text from raw video to encoded video with one element named `encoder`.
  std::string launch;
  int widthPx = 0;
  int heightPx = 0;
  int framerateFps = 0;
  int frames = 0;
  int timeoutMs = 0;
};

struct ProbeResult {
  bool ok = false;
  /// Why it failed, with the element's own words.
  std::string reason;
  int framesOut = 0;
  double encodeMsP50 = 0;
  /// Caps on the encoder's source pad.
  std::string caps;
  uint64_t bytes = 0;
};

/// Cancels a running probe: its result then is `cancelled`.
class ProbeHandle {
 public:
  ~ProbeHandle();
  ProbeHandle(ProbeHandle&&) noexcept;
  ProbeHandle& operator=(ProbeHandle&&) noexcept;
  /// Ends the probe now and waits until `done` has been called.
  void cancel();

 private:
  friend ProbeHandle startProbe(ProbeOptions options, std::function<void(ProbeResult)> done);
  struct State;
  explicit ProbeHandle(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

/// Starts a probe on threads of its own and calls `done` once, from one of them, at the latest after `timeoutMs`. A
/// driver that hangs costs its thread (which is left behind), never the caller.
ProbeHandle startProbe(ProbeOptions options, std::function<void(ProbeResult)> done);

}  // namespace nestri
