// SPDX-License-Identifier: Apache-2.0
// Puts input into an X display through the XTEST extension, on a connection of its own. It speaks XCB and not Xlib:
// Xlib's error handlers belong to the whole process and its default ones end it, while XCB keeps errors with the
// connection. A display that is gone swallows input; the connection is tried again once a second.

#pragma once

#include <expected>
#include <memory>
#include <string>

#include "error.h"
#include "input_injector.h"

namespace nestri {

/// Connects to `display` (":0", "host:0.1"; empty = DISPLAY). Fails with ERR_INPUT where there is no such display or it
/// lacks XTEST. Not thread-safe, see InputInjector. Never waits for the X server after this.
std::expected<std::unique_ptr<InputInjector>, Error> openX11Injector(const std::string& display);

}  // namespace nestri
