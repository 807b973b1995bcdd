// SPDX-License-Identifier: Apache-2.0
// Brings GStreamer up once per process. It is never brought down: other worker threads may still use it.
#pragma once

#include "error.h"

#include <string>

namespace nestri {

/// Initialises GStreamer; safe to call from several threads and more than once.
Result<void> startGStreamer();

/// Version of the library that is loaded, e.g. `GStreamer 1.22.0`.
std::string gstreamerVersion();

}  // namespace nestri
