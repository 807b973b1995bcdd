// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "core/input_hub.h"
#include "core/x11_injector.h"
#include "input_xvfb.h"

using namespace nestri;
using namespace std::chrono_literals;
using test::Window;
using test::Xvfb;

namespace {

constexpr uint16_t kKeyW = 17;
constexpr uint16_t kLeft = 0x110;

struct Desktop {
  Xvfb server;
  Window window{server.display()};
  std::unique_ptr<InputInjector> injector = open();

  std::unique_ptr<InputInjector> open() const {
    auto opened = openX11Injector(server.display());
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    return std::move(*opened);
  }
};

std::vector<uint8_t> keyMessage(uint16_t code, bool pressed, uint8_t seq) {
  return {1, static_cast<uint8_t>(pressed ? 1 : 0), static_cast<uint8_t>(code), 0, seq, 0, 0, 0};
}

}  // namespace

TEST_CASE_FIXTURE(Desktop, "a key reaches a second client, pressed and released, as the keycode of that place") {
  injector->key(kKeyW, true);
  injector->flush();
  CHECK(window.nextDetail(XCB_KEY_PRESS) == kKeyW + 8);
  injector->key(kKeyW, false);
  injector->flush();
  CHECK(window.nextDetail(XCB_KEY_RELEASE) == kKeyW + 8);
  CHECK(window.keysym(kKeyW + 8) == 'w');
}

TEST_CASE_FIXTURE(Desktop, "mouse buttons reach a second client") {
  for (const auto& [code, expected] :
       std::vector<std::pair<uint16_t, int>>{{0x110, 1}, {0x111, 3}, {0x112, 2}, {0x113, 8}, {0x114, 9}}) {
    injector->button(code, true);
    injector->button(code, false);
    injector->flush();
    CHECK(window.nextDetail(XCB_BUTTON_PRESS) == expected);
    CHECK(window.nextDetail(XCB_BUTTON_RELEASE) == expected);
  }
}

TEST_CASE_FIXTURE(Desktop, "the wheel clicks once for every whole notch") {
  injector->wheel(0, 60);
  injector->flush();
  CHECK_FALSE(window.next(XCB_BUTTON_PRESS, 100ms));
  injector->wheel(0, 60);
  injector->flush();
  CHECK(window.nextDetail(XCB_BUTTON_PRESS) == 5);
  injector->wheel(0, -240);
  injector->flush();
  CHECK(window.nextDetail(XCB_BUTTON_PRESS) == 4);
  CHECK(window.nextDetail(XCB_BUTTON_PRESS) == 4);
  injector->wheel(120, 0);
  injector->wheel(-120, 0);
  injector->flush();
  CHECK(window.nextDetail(XCB_BUTTON_PRESS) == 7);
  CHECK(window.nextDetail(XCB_BUTTON_PRESS) == 6);
}

TEST_CASE_FIXTURE(Desktop, "absolute positions cover the screen from corner to corner") {
  const auto moved = [&](uint16_t x, uint16_t y) {
    injector->absolute(x, y);
    injector->flush();
    REQUIRE(window.next(XCB_MOTION_NOTIFY));
    return window.pointer();
  };
  CHECK(moved(0, 0) == Window::Point{0, 0});
  CHECK(moved(65535, 65535) == Window::Point{639, 479});
  CHECK(moved(32768, 32768) == Window::Point{320, 240});
}

TEST_CASE_FIXTURE(Desktop, "relative motion is added to where the pointer is") {
  injector->absolute(0, 0);
  injector->relative(30, 40);
  injector->relative(-10, 5);
  injector->flush();
  REQUIRE(window.next(XCB_MOTION_NOTIFY));
  const auto deadline = std::chrono::steady_clock::now() + 1s;
  while (window.pointer() != Window::Point{20, 45} && std::chrono::steady_clock::now() < deadline) {
    window.next(XCB_MOTION_NOTIFY, 50ms);
  }
  CHECK(window.pointer() == Window::Point{20, 45});
}

TEST_CASE_FIXTURE(Desktop, "text is typed, also characters that no key has") {
  injector->text("a\u00e9\u20ac\n");
  injector->flush();
  for (const uint32_t expected : {0x61U, 0xE9U, 0x010020ACU, 0xFF0DU}) {
    const int keycode = window.nextDetail(XCB_KEY_PRESS);
    REQUIRE(keycode != 0);
    CHECK(window.keysym(static_cast<uint8_t>(keycode)) == expected);
  }
}

TEST_CASE_FIXTURE(Desktop, "a viewer that is removed lets go of its keys in the display") {
  InputHub hub(std::move(injector));
  CHECK(hub.handle("a", keyMessage(kKeyW, true, 1)));
  CHECK(window.nextDetail(XCB_KEY_PRESS) == kKeyW + 8);
  hub.release("a");
  CHECK(window.nextDetail(XCB_KEY_RELEASE) == kKeyW + 8);
}

TEST_CASE_FIXTURE(Desktop, "a code that the display does not have does no harm") {
  injector->key(255, true);
  injector->button(0x117, true);
  injector->button(0x115, true);
  injector->key(kKeyW, true);
  injector->flush();
  CHECK(window.nextDetail(XCB_KEY_PRESS) == kKeyW + 8);
}

TEST_CASE("a display that does not exist is refused with a code") {
  const auto opened = openX11Injector(":4711");
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == "ERR_INPUT");
  CHECK(opened.error().message.find(":4711") != std::string::npos);
  CHECK_FALSE(openX11Injector("no display at all").has_value());
}

TEST_CASE("a display that is killed swallows input, and gets it again when it is back") {
  Xvfb server;
  const int number = server.number();
  auto opened = openX11Injector(server.display());
  REQUIRE(opened.has_value());
  InputInjector& injector = **opened;
  injector.key(kKeyW, true);
  injector.flush();
  server.kill();
  for (int i = 0; i < 5000; ++i) {
    injector.relative(1, 1);
    injector.button(kLeft, i % 2 == 0);
    injector.text("x");
    injector.flush();
  }
  Xvfb next(number);
  Window window(next.display());
  const auto deadline = std::chrono::steady_clock::now() + 3s;
  int seen = 0;
  while (seen == 0 && std::chrono::steady_clock::now() < deadline) {
    injector.key(kKeyW, true);
    injector.key(kKeyW, false);
    injector.flush();
    const auto event = window.next(XCB_KEY_PRESS, 100ms);
    if (event)
      seen = reinterpret_cast<xcb_key_press_event_t*>(event.get())->detail;
  }
  CHECK(seen == kKeyW + 8);
}

TEST_CASE("a display that has stopped reading does not hold up its caller") {
  Xvfb server;
  auto opened = openX11Injector(server.display());
  REQUIRE(opened.has_value());
  server.pause();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 50'000; ++i) {
    (*opened)->relative(1, 1);
    (*opened)->flush();
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}
