// SPDX-License-Identifier: Apache-2.0
#include "timeline.h"

namespace nestri {
namespace {

/// Seconds from 1900 to 1970.
constexpr uint64_t kNtpUnixOffsetSeconds = 2'208'988'800;

}  // namespace

Timeline::Timeline() : clock_(gst_system_clock_obtain()), base_(gst_clock_get_time(clock_.get())) {}

int64_t Timeline::now() const {
  return static_cast<int64_t>(gst_clock_get_time(clock_.get()) - base_);
}

void Timeline::apply(GstElement* pipeline) const {
  gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock_.get());
  // Without a start time GStreamer leaves the base time alone when the pipeline starts.
  gst_element_set_start_time(pipeline, GST_CLOCK_TIME_NONE);
  gst_element_set_base_time(pipeline, base_);
}

uint64_t Timeline::ntpAt(int64_t runningTime) const {
  // The wall clock may be stepped or slewed at any time: the difference is taken anew.
  const int64_t ageNs = now() - runningTime;
  return ntpFromUnix(g_get_real_time() * 1000 - ageNs);
}

uint64_t ntpFromUnix(int64_t unixNanoseconds) {
  const auto nanoseconds = static_cast<uint64_t>(unixNanoseconds);
  const uint64_t seconds = nanoseconds / GST_SECOND + kNtpUnixOffsetSeconds;
  const uint64_t fraction = ((nanoseconds % GST_SECOND) << 32) / GST_SECOND;
  return (seconds << 32) | fraction;
}

}  // namespace nestri
