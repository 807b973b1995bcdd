// SPDX-License-Identifier: Apache-2.0
// ximagesrc speaks Xlib, and Xlib ends the process when an X server goes away or refuses a request. Here both become
// something that can be told. Xlib's error handler belongs to the whole process: the first instance replaces it.
#pragma once

#include <cstdint>
#include <functional>

namespace nestri {

/// A window id that no server gives out. An element that is told to capture it asks the server for it, is refused, and
/// takes the whole screen instead; the refusal is how we come to know the element's display.
inline constexpr uint64_t kNoWindow = 0x1FFFFFFF;

/// While it exists, a display on which this thread's requests are refused gets `onLost` for what happens when its
/// server goes away: it is called instead of exit(), from any thread that uses the display, perhaps several times; each
/// call on that display then fails. `onLost` must outlive the display.
class X11Survival {
 public:
  explicit X11Survival(const std::function<void()>& onLost);
  ~X11Survival();
  X11Survival(const X11Survival&) = delete;
  X11Survival& operator=(const X11Survival&) = delete;
};

}  // namespace nestri
