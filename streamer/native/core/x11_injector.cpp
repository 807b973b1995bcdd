// SPDX-License-Identifier: Apache-2.0

#include "x11_injector.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "input_decoder.h"
#include "keymap.h"
#include "x11_connection.h"

namespace nestri {
namespace {

constexpr int kNotch = 120;
/// Characters whose keycodes stay mapped. A program reads the map after the key event, so that a keycode must not get
/// its next meaning before that; this many characters lie in between.
constexpr size_t kTypingKeycodes = 16;
constexpr std::chrono::seconds kReconnect{1};

/// The keysym of a character, or 0 where it types nothing (X11 protocol, appendix A: Latin-1 is the character itself,
/// Unicode has an offset).
uint32_t keysymOf(char32_t character) {
  switch (character) {
    case '\n':
    case '\r':
      return 0xFF0D;  // Return
    case '\t':
      return 0xFF09;  // Tab
    case '\b':
    case 0x7F:
      return 0xFF08;  // BackSpace
    default:
      break;
  }
  if (character < 0x20 || (character >= 0x80 && character < 0xA0))
    return 0;
  return character <= 0xFF ? character : 0x01000000U + character;
}

class X11Injector final : public InputInjector {
 public:
  X11Injector(std::string display, std::unique_ptr<X11Connection> connection)
      : display_(std::move(display)), connection_(std::move(connection)) {}

  void key(uint16_t evdevCode, bool pressed) override {
    if (const uint8_t keycode = xKeycode(evdevCode); keycode != 0 && isReady())
      connection_->fakeKey(keycode, pressed);
  }

  void button(uint16_t evdevCode, bool pressed) override {
    if (const uint8_t number = xButton(evdevCode); number != 0 && isReady())
      connection_->fakeButton(number, pressed);
  }

  void wheel(int x, int y) override {
    if (!isReady())
      return;
    wheelX_ = click(wheelX_ + x, 6, 7);
    wheelY_ = click(wheelY_ + y, 4, 5);
  }

  void relative(int dx, int dy) override {
    if (isReady())
      connection_->fakeMove(true, dx, dy);
  }

  void absolute(uint16_t x, uint16_t y) override {
    if (isReady())
      connection_->fakeMove(false, pixel(x, connection_->widthPx()), pixel(y, connection_->heightPx()));
  }

  void text(std::string_view utf8) override {
    if (!isReady())
      return;
    while (const auto character = firstUtf8(utf8)) {
      utf8.remove_prefix(character->lengthBytes);
      type(keysymOf(character->value));
    }
  }

  void flush() override {
    if (connection_ != nullptr)
      connection_->flush();
  }

 private:
  struct TypingKey {
    uint8_t keycode;
    uint32_t keysym;
  };

  /// Whether there is a display; tries to get it back where there is none, at most once a second.
  bool isReady() {
    if (connection_ != nullptr && connection_->isAlive())
      return true;
    const auto now = std::chrono::steady_clock::now();
    if (now < reconnectAt_)
      return false;
    reconnectAt_ = now + kReconnect;
    typingKeys_.clear();
    auto opened = X11Connection::open(display_);
    connection_ = opened ? std::move(*opened) : nullptr;
    return connection_ != nullptr;
  }

  /// Turns whole notches into clicks and returns the rest.
  int click(int sum, uint8_t negative, uint8_t positive) {
    for (; std::abs(sum) >= kNotch; sum += sum > 0 ? -kNotch : kNotch) {
      const uint8_t button = sum > 0 ? positive : negative;
      connection_->fakeButton(button, true);
      connection_->fakeButton(button, false);
    }
    return sum;
  }

  static int pixel(uint16_t position, int sizePx) {
    return static_cast<int>(std::lround(position * (sizePx - 1) / 65535.0));
  }

  void type(uint32_t keysym) {
    const uint8_t keycode = keysym == 0 ? 0 : typingKeycode(keysym);
    if (keycode == 0)
      return;
    connection_->fakeKey(keycode, true);
    connection_->fakeKey(keycode, false);
  }

  /// A spare keycode that means `keysym`, mapped where it is not yet; 0 where the keyboard has no spare ones. The
  /// keycode that was used longest ago is taken: typingKeys_ is ordered by use.
  uint8_t typingKeycode(uint32_t keysym) {
    const auto known = std::ranges::find(typingKeys_, keysym, &TypingKey::keysym);
    if (known != typingKeys_.end()) {
      std::rotate(known, known + 1, typingKeys_.end());
      return typingKeys_.back().keycode;
    }
    const auto& spare = connection_->spareKeycodes();
    if (typingKeys_.size() < std::min(spare.size(), kTypingKeycodes)) {
      typingKeys_.push_back({spare[typingKeys_.size()], keysym});
    } else if (typingKeys_.empty()) {
      return 0;
    } else {
      std::ranges::rotate(typingKeys_, typingKeys_.begin() + 1);
      typingKeys_.back().keysym = keysym;
    }
    connection_->mapKeycode(typingKeys_.back().keycode, keysym);
    return typingKeys_.back().keycode;
  }

  const std::string display_;
  std::unique_ptr<X11Connection> connection_;
  std::chrono::steady_clock::time_point reconnectAt_{};
  std::vector<TypingKey> typingKeys_;
  int wheelX_ = 0;
  int wheelY_ = 0;
};

}  // namespace

Result<std::unique_ptr<InputInjector>> openX11Injector(const std::string& display) {
  auto connection = X11Connection::open(display);
  if (!connection)
    return std::unexpected(connection.error());
  return std::make_unique<X11Injector>(display, std::move(*connection));
}

}  // namespace nestri
