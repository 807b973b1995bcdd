// SPDX-License-Identifier: Apache-2.0
#include "gst_start.h"

#include "gst_ptr.h"

namespace nestri {

Result<void> startGStreamer() {
  GError* raw = nullptr;
  if (gst_init_check(nullptr, nullptr, &raw) == FALSE) {
    const ErrorPtr error(raw);
    return fail("ERR_GSTREAMER", error ? error->message : "GStreamer did not start");
  }
  return {};
}

std::string gstreamerVersion() {
  const CharsPtr text(gst_version_string());
  return text.get();
}

}  // namespace nestri
