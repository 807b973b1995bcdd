// SPDX-License-Identifier: Apache-2.0
// A real X server for a test, and a second client that tells what reaches its window.

#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xcb.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace nestri::test {

/// Xvfb of 640x480 on a free display, killed at the end of its scope.
class Xvfb {
 public:
  /// `number` < 0 lets the server choose one.
  explicit Xvfb(int number = -1) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const std::string fd = std::to_string(ready[1]);
      const std::string display = ":" + std::to_string(number);
      const char* chosen[] = {"Xvfb",       "-displayfd", fd.c_str(), "-screen", "0",
                              "640x480x24", "-nolisten",  "tcp",      nullptr,   nullptr};
      if (number >= 0)
        chosen[8] = display.c_str();
      dup2(open("/dev/null", O_WRONLY), 2);  // its complaints about keyboard maps
      execvp("Xvfb", const_cast<char**>(chosen));
      _exit(127);
    }
    close(ready[1]);
    std::string name;
    for (char c = 0; read(ready[0], &c, 1) == 1 && c != '\n';)
      name += c;
    close(ready[0]);
    REQUIRE_MESSAGE(!name.empty(), "Xvfb did not start; this test needs the program Xvfb (Debian package xvfb)");
    number_ = std::stoi(name);
  }
  ~Xvfb() { kill(); }
  Xvfb(const Xvfb&) = delete;
  Xvfb& operator=(const Xvfb&) = delete;

  int number() const { return number_; }
  std::string display() const { return ":" + std::to_string(number_); }

  /// Stops it in its tracks.
  void pause() const { ::kill(pid_, SIGSTOP); }

  void kill() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    unlink(("/tmp/.X" + std::to_string(number_) + "-lock").c_str());
    unlink(("/tmp/.X11-unix/X" + std::to_string(number_)).c_str());
  }

 private:
  pid_t pid_ = -1;
  int number_ = -1;
};

struct FreeEvent {
  void operator()(void* event) const { std::free(event); }
};
template <typename T>
using Reply = std::unique_ptr<T, FreeEvent>;
using Event = Reply<xcb_generic_event_t>;

/// A client of its own with a window over the whole screen that has the keyboard focus.
class Window {
 public:
  explicit Window(const std::string& display) : connection_(xcb_connect(display.c_str(), nullptr)) {
    REQUIRE(xcb_connection_has_error(connection_) == 0);
    const auto* screen = xcb_setup_roots_iterator(xcb_get_setup(connection_)).data;
    window_ = xcb_generate_id(connection_);
    const uint32_t values[] = {1, XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE | XCB_EVENT_MASK_BUTTON_PRESS |
                                      XCB_EVENT_MASK_BUTTON_RELEASE | XCB_EVENT_MASK_POINTER_MOTION |
                                      XCB_EVENT_MASK_STRUCTURE_NOTIFY};
    xcb_create_window(connection_, XCB_COPY_FROM_PARENT, window_, screen->root, 0, 0, screen->width_in_pixels,
                      screen->height_in_pixels, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual,
                      XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
    xcb_map_window(connection_, window_);
    REQUIRE(next(XCB_MAP_NOTIFY));
    xcb_set_input_focus(connection_, XCB_INPUT_FOCUS_PARENT, window_, XCB_CURRENT_TIME);
    // A reply means that the server has done all this.
    Reply<xcb_get_input_focus_reply_t>(
        xcb_get_input_focus_reply(connection_, xcb_get_input_focus(connection_), nullptr));
    xcb_flush(connection_);
  }
  ~Window() { xcb_disconnect(connection_); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  /// The next event of that type, or nullptr after a second. Others are dropped.
  Event next(uint8_t type, std::chrono::milliseconds within = std::chrono::milliseconds(1000)) {
    xcb_flush(connection_);
    const auto end = std::chrono::steady_clock::now() + within;
    for (;;) {
      while (Event event{xcb_poll_for_event(connection_)}) {
        if ((event->response_type & 0x7F) == type)
          return event;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
      if (left <= 0)
        return nullptr;
      pollfd socket{xcb_get_file_descriptor(connection_), POLLIN, 0};
      poll(&socket, 1, static_cast<int>(left));
    }
  }

  /// Keycode or button of the next event of that type, or 0 after a second.
  int nextDetail(uint8_t type) {
    const Event event = next(type);
    return event ? reinterpret_cast<xcb_key_press_event_t*>(event.get())->detail : 0;
  }

  struct Point {
    int x;
    int y;
    bool operator==(const Point&) const = default;
  };
  /// Where the server has the pointer.
  Point pointer() {
    const Reply<xcb_query_pointer_reply_t> reply(
        xcb_query_pointer_reply(connection_, xcb_query_pointer(connection_, window_), nullptr));
    return reply ? Point{reply->root_x, reply->root_y} : Point{-1, -1};
  }

  /// The first keysym of a keycode in the server's map.
  uint32_t keysym(uint8_t keycode) {
    const Reply<xcb_get_keyboard_mapping_reply_t> reply(
        xcb_get_keyboard_mapping_reply(connection_, xcb_get_keyboard_mapping(connection_, keycode, 1), nullptr));
    return reply ? xcb_get_keyboard_mapping_keysyms(reply.get())[0] : 0;
  }

 private:
  xcb_connection_t* connection_;
  xcb_window_t window_;
};

}  // namespace nestri::test
