// SPDX-License-Identifier: Apache-2.0
// Decodes the binary input messages of the data channels. The format is written down in protocol/src/input.ts; the
// golden vectors in protocol/src/golden/input.json are checked against both decoders. Pure; never allocates.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace nestri {

/// Keys and buttons that one snapshot can name (MAX_HELD_CODES of protocol/src/limits.ts).
inline constexpr size_t kMaxHeldCodes = 32;
/// Longest text of one message, in bytes of UTF-8.
inline constexpr size_t kMaxTextBytes = 1024;

enum class InputType : uint8_t {
  key = 0x01,
  button = 0x02,
  wheel = 0x03,
  held = 0x04,
  release = 0x05,
  text = 0x06,
  relative = 0x11,
  absolute = 0x12,
};

/// One message. Only the fields of its type mean something.
struct InputMessage {
  InputType type = InputType::release;
  /// Counts every message of the page, over both channels, modulo 2^32.
  uint32_t seq = 0;
  /// key, button: Linux evdev code.
  uint16_t code = 0;
  bool pressed = false;
  /// wheel: 1/120 notch, positive y scrolls down. relative: pixels. absolute: 0..65535 over width and height.
  int32_t x = 0;
  int32_t y = 0;
  /// held: the first `heldCount` entries are down right now; may repeat.
  std::array<uint16_t, kMaxHeldCodes> heldCodes{};
  uint8_t heldCount = 0;
  /// text: valid UTF-8, at most kMaxTextBytes; points into the decoded bytes.
  std::string_view text;
};

/// The message, or nothing where the bytes are not exactly one message of the format. Reserved bytes are ignored.
std::optional<InputMessage> decodeInput(std::span<const uint8_t> bytes);

/// The first character of well-formed UTF-8 and how many bytes it takes, or nothing where `text` is empty or its start
/// is not well-formed (Unicode 15, table 3-7: no overlong forms, no surrogates, at most U+10FFFF).
struct Utf8Character {
  char32_t value;
  size_t lengthBytes;
};
std::optional<Utf8Character> firstUtf8(std::string_view text);

}  // namespace nestri
