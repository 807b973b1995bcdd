// SPDX-License-Identifier: Apache-2.0
// The `x11` source: a small GStreamer pipeline that polls an X display at twice the frame rate, pointer included.
// Polling faster than encoding halves the wait between drawing and capture; XDamage costs more than it saves.
#pragma once

#include "bus_watch.h"
#include "change_detector.h"
#include "producer.h"
#include "x11_survival.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <atomic>
#include <functional>
#include <optional>

namespace nestri {

class X11Source final : public Producer {
 public:
  explicit X11Source(const ProducerContext& context);
  ~X11Source() override;

  Result<void> start() override;
  void stop() override;

 private:
  Result<void> build();
  GstFlowReturn onSample(GstAppSink* sink);
  void onLost();
  void noteCaps(GstCaps* caps);
  [[nodiscard]] bool isChanged(GstBuffer* buffer);

  const ProducerContext context_;
  ObjectPtr<GstElement> pipeline_;
  std::optional<BusWatch> watch_;
  std::atomic<bool> lost_{false};
  const std::function<void()> lostHandler_ = [this] { onLost(); };
  // Touched by the capturing thread only.
  CapsPtr caps_;
  GstVideoInfo info_{};
  ChangeDetector changes_;
};

}  // namespace nestri
