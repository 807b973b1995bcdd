// SPDX-License-Identifier: Apache-2.0
// One time for all pipelines of a session: the system's monotonic clock, counted from the moment the session was
// opened. Since every pipeline has the same base time, a buffer's running time means the same moment in all of them,
// and a frame's timestamp is the time at which it was captured, from the source to the RTP header. Immutable; any
// thread.
#pragma once

#include "gst_ptr.h"

#include <cstdint>

namespace nestri {

class Timeline {
 public:
  Timeline();

  /// Nanoseconds since the session was opened.
  [[nodiscard]] int64_t now() const;

  /// Makes `pipeline` run on this timeline.
  void apply(GstElement* pipeline) const;

  /// A moment of this timeline as a 64-bit NTP timestamp (RFC 5905: seconds since 1900 in the upper half).
  [[nodiscard]] uint64_t ntpAt(int64_t runningTime) const;

 private:
  ObjectPtr<GstClock> clock_;
  GstClockTime base_;
};

/// Nanoseconds since 1970 as a 64-bit NTP timestamp.
uint64_t ntpFromUnix(int64_t unixNanoseconds);

}  // namespace nestri
