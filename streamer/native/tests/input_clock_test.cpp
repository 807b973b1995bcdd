// SPDX-License-Identifier: Apache-2.0
// The X11 test program as a whole: what is injected stands in its picture.

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <optional>
#include <thread>

#include "core/frame_clock.h"
#include "core/x11_injector.h"
#include "input_xvfb.h"

using namespace nestri;
using namespace std::chrono_literals;

namespace {

/// nestri-x11-clock of this build, ended with its scope. NESTRI_X11_CLOCK tells where it is.
class ClockProgram {
 public:
  explicit ClockProgram(const std::string& display) {
    const char* path = std::getenv("NESTRI_X11_CLOCK");
    REQUIRE_MESSAGE(path != nullptr, "NESTRI_X11_CLOCK must name the program nestri-x11-clock; meson test sets it");
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(open("/dev/null", O_WRONLY), 1);
      execl(path, path, "--display", display.c_str(), "--fps", "60", "--size", "768x480", nullptr);
      _exit(127);
    }
  }
  ~ClockProgram() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ClockProgram(const ClockProgram&) = delete;
  ClockProgram& operator=(const ClockProgram&) = delete;

 private:
  pid_t pid_ = -1;
};

/// Reads the rows of the root window's picture.
class Eye {
 public:
  explicit Eye(const std::string& display) : connection_(xcb_connect(display.c_str(), nullptr)) {
    root_ = xcb_setup_roots_iterator(xcb_get_setup(connection_)).data->root;
  }
  ~Eye() { xcb_disconnect(connection_); }
  Eye(const Eye&) = delete;
  Eye& operator=(const Eye&) = delete;

  std::optional<uint64_t> row(int number) const {
    const auto cookie = xcb_get_image(connection_, XCB_IMAGE_FORMAT_Z_PIXMAP, root_, 0,
                                      static_cast<int16_t>(16 * number + 8), 640, 1, ~0U);
    const test::Reply<xcb_get_image_reply_t> reply(xcb_get_image_reply(connection_, cookie, nullptr));
    if (!reply)
      return std::nullopt;
    const uint8_t* pixels = xcb_get_image_data(reply.get());
    std::array<bool, 40> cells{};
    for (size_t i = 0; i < cells.size(); ++i)
      cells[i] = pixels[(i * 16 + 8) * 4] > 128;
    if (!cells[0] || cells[1] || !cells[2] || cells[3])
      return std::nullopt;
    uint64_t value = 0;
    for (size_t i = 4; i < cells.size(); ++i)
      value = value << 1 | (cells[i] ? 1 : 0);
    return value << 4;  // a screen of 640 pixels shows all but the last four bits
  }

  template <typename Condition>
  bool sees(int number, Condition condition, std::chrono::milliseconds within = 3000ms) const {
    const auto end = std::chrono::steady_clock::now() + within;
    while (std::chrono::steady_clock::now() < end) {
      if (const auto value = row(number); value && condition(*value))
        return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

 private:
  xcb_connection_t* connection_;
  xcb_window_t root_;
};

}  // namespace

TEST_CASE("a key that is injected stands in the next picture of the test program, the pointer and the wheel too") {
  const test::Xvfb server;
  const ClockProgram program(server.display());
  const Eye eye(server.display());
  REQUIRE(eye.sees(0, [](uint64_t value) { return ((clockValueNow() - value) & kClockMask) < 1000; }));
  auto opened = openX11Injector(server.display());
  REQUIRE(opened.has_value());
  InputInjector& injector = **opened;
  CHECK(eye.row(1) == 0);
  for (int i = 0; i < 16; ++i) {
    injector.key(30, true);
    injector.key(30, false);
  }
  injector.flush();
  CHECK(eye.sees(1, [](uint64_t value) { return value == (uint64_t{30} << 24 | 16); }));
  for (int i = 0; i < 16; ++i) {
    injector.button(0x111, true);
    injector.button(0x111, false);
    injector.wheel(-120, 120);
  }
  injector.absolute(65535, 0);
  injector.flush();
  CHECK(eye.sees(1, [](uint64_t value) { return value == (uint64_t{0x111} << 24 | 32); }));
  CHECK(eye.sees(2, [](uint64_t value) { return value == uint64_t{639} << 20; }));
  CHECK(eye.sees(3, [](uint64_t value) { return value == (((uint64_t{1} << 20) - 16) << 20 | 16); }));
}
