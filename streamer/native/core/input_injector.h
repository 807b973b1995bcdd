// SPDX-License-Identifier: Apache-2.0
// Where input goes once it is decoded: a desktop, or nowhere. Implementations are not thread-safe; InputHub calls them
// under its lock. No call may fail loudly or block for long: a desktop that is gone swallows input.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace nestri {

class InputInjector {
 public:
  virtual ~InputInjector() = default;
  /// A keyboard key by its Linux evdev code (KEY_*).
  virtual void key(uint16_t evdevCode, bool pressed) = 0;
  /// A mouse button by its Linux evdev code (BTN_LEFT..BTN_TASK).
  virtual void button(uint16_t evdevCode, bool pressed) = 0;
  /// Wheel in 1/120 of a notch; positive y scrolls down, positive x to the right.
  virtual void wheel(int x, int y) = 0;
  /// Pointer motion in pixels.
  virtual void relative(int dx, int dy) = 0;
  /// Pointer position, 0..65535 over the screen's width and height.
  virtual void absolute(uint16_t x, uint16_t y) = 0;
  /// Types well-formed UTF-8.
  virtual void text(std::string_view utf8) = 0;
  /// Everything before takes effect now. Called once per message.
  virtual void flush() = 0;
};

/// An injector that does nothing.
std::unique_ptr<InputInjector> nullInjector();

}  // namespace nestri
