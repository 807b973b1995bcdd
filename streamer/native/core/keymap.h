// SPDX-License-Identifier: Apache-2.0
// Which evdev codes are keys and which are mouse buttons, and what X11 calls them. Pure.

#pragma once

#include <cstdint>

namespace nestri {

/// Linux KEY_* codes of a keyboard: 1..255. Codes from 0x100 on are buttons of mice, pads and pens.
constexpr bool isKeyCode(uint16_t evdevCode) {
  return evdevCode >= 1 && evdevCode <= 0xFF;
}

/// BTN_LEFT (0x110) .. BTN_TASK (0x117).
constexpr bool isMouseButtonCode(uint16_t evdevCode) {
  return evdevCode >= 0x110 && evdevCode <= 0x117;
}

/// The X keycode of an evdev key code, or 0 where X11 has none (its keycodes end at 255). X servers with evdev key
/// codes (Xvfb, Xorg, Xwayland) add 8.
constexpr uint8_t xKeycode(uint16_t evdevCode) {
  return isKeyCode(evdevCode) && evdevCode <= 247 ? static_cast<uint8_t>(evdevCode + 8) : 0;
}

/// The X button of an evdev mouse button, or 0 where it has none. 4..7 are the wheel; side buttons come after it.
constexpr uint8_t xButton(uint16_t evdevCode) {
  switch (evdevCode) {
    case 0x110:
      return 1;  // left
    case 0x111:
      return 3;  // right
    case 0x112:
      return 2;  // middle
    case 0x113:
      return 8;  // side: "back" of browsers and games
    case 0x114:
      return 9;  // extra: "forward"
    case 0x115:
      return 10;  // BTN_FORWARD
    default:
      return 0;  // X servers give their test pointer ten buttons
  }
}

/// The evdev code of an X button, or 0 for the wheel and unknown ones.
constexpr uint16_t evdevButton(unsigned xButtonNumber) {
  for (uint16_t code = 0x110; code <= 0x117; ++code) {
    if (xButton(code) == xButtonNumber && xButtonNumber != 0)
      return code;
  }
  return 0;
}

}  // namespace nestri
