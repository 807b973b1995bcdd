// SPDX-License-Identifier: Apache-2.0
#include "x11_survival.h"

#include <X11/Xlib.h>

namespace nestri {
namespace {

/// Set while an X11Survival of this thread exists. Xlib's error handler has no user data.
thread_local const std::function<void()>* lostHandlerOfThread = nullptr;

int onRefusedRequest(Display* display, XErrorEvent* /*error*/) {
  if (lostHandlerOfThread == nullptr)
    return 0;
  const auto onExit = [](Display* lost, void* data) {
    (*static_cast<const std::function<void()>*>(data))();
    // Xlib locked the display for its exit, which does not come: others must be able to close it.
    XUnlockDisplay(lost);
  };
  XSetIOErrorExitHandler(display, onExit, const_cast<std::function<void()>*>(lostHandlerOfThread));
  return 0;
}

}  // namespace

X11Survival::X11Survival(const std::function<void()>& onLost) {
  XSetErrorHandler(&onRefusedRequest);
  // Xlib would print a line before it calls the exit handler; the event that we send says more.
  XSetIOErrorHandler([](Display*) { return 0; });
  lostHandlerOfThread = &onLost;
}

X11Survival::~X11Survival() {
  lostHandlerOfThread = nullptr;
}

}  // namespace nestri
