// SPDX-License-Identifier: Apache-2.0
// The requests that input needs, on one XCB connection. Owner: the injector; one thread at a time. What is sent to a
// display that is gone, or that has stopped reading, is dropped.

#pragma once

#include <xcb/xcb.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "error.h"

namespace nestri {

class X11Connection {
 public:
  /// Fails with ERR_INPUT where there is no such display or it lacks XTEST.
  static std::expected<std::unique_ptr<X11Connection>, Error> open(const std::string& display);
  ~X11Connection();
  X11Connection(const X11Connection&) = delete;
  X11Connection& operator=(const X11Connection&) = delete;

  bool isAlive() const;
  /// Size of the screen in pixels, as the server told last.
  int widthPx() const { return widthPx_; }
  int heightPx() const { return heightPx_; }
  /// Keycodes that mean nothing in the server's map, highest first.
  const std::vector<uint8_t>& spareKeycodes() const { return spareKeycodes_; }

  void fakeKey(uint8_t keycode, bool pressed);
  void fakeButton(uint8_t button, bool pressed);
  void fakeMove(bool relative, int x, int y);
  /// Makes a keycode mean `keysym` with and without Shift.
  void mapKeycode(uint8_t keycode, uint32_t keysym);
  /// Sends what has been asked for and takes in what the server has told. Does not wait.
  void flush();

 private:
  X11Connection(xcb_connection_t* connection, const xcb_screen_t& screen);
  void fakeInput(uint8_t type, uint8_t detail, int x, int y);
  bool canSend() const;
  void findSpareKeycodes();

  xcb_connection_t* connection_;
  xcb_window_t root_;
  int widthPx_;
  int heightPx_;
  std::vector<uint8_t> spareKeycodes_;
};

}  // namespace nestri
