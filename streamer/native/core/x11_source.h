// SPDX-License-Identifier: Apache-2.0
// The `x11` source: a small GStreamer pipeline that polls an X display at twice the frame rate, pointer included.
// Polling faster than encoding halves the wait between drawing and capture; XDamage costs more than it saves.
#pragma once

#include "bus_watch.h"
#include "producer.h"

#include <gst/app/gstappsink.h>

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
  void noteCaps(const GstCaps* caps);

  const ProducerContext context_;
  ObjectPtr<GstElement> pipeline_;
  std::optional<BusWatch> watch_;
  CapsPtr caps_;
};

}  // namespace nestri
