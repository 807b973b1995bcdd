// SPDX-License-Identifier: Apache-2.0

#include "input_decoder.h"

namespace nestri {
namespace {

constexpr size_t kHeaderBytes = 8;

uint16_t readU16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] | (bytes[at + 1] << 8));
}

int16_t readI16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<int16_t>(readU16(bytes, at));
}

uint32_t readU32(std::span<const uint8_t> bytes, size_t at) {
  return readU16(bytes, at) | (static_cast<uint32_t>(readU16(bytes, at + 2)) << 16);
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = firstUtf8(text);
    if (!character)
      return false;
    text.remove_prefix(character->lengthBytes);
  }
  return true;
}

bool decodePress(std::span<const uint8_t> bytes, InputMessage& message) {
  if (bytes.size() != kHeaderBytes || bytes[1] > 1)
    return false;
  message.pressed = bytes[1] == 1;
  message.code = readU16(bytes, 2);
  return true;
}

bool decodePair(std::span<const uint8_t> bytes, InputMessage& message) {
  if (bytes.size() != kHeaderBytes + 4)
    return false;
  const bool isUnsigned = message.type == InputType::absolute;
  message.x = isUnsigned ? int32_t{readU16(bytes, 8)} : int32_t{readI16(bytes, 8)};
  message.y = isUnsigned ? int32_t{readU16(bytes, 10)} : int32_t{readI16(bytes, 10)};
  return true;
}

bool decodeHeld(std::span<const uint8_t> bytes, InputMessage& message) {
  const size_t count = bytes[1];
  if (count > kMaxHeldCodes || bytes.size() != kHeaderBytes + 2 * count)
    return false;
  for (size_t i = 0; i < count; ++i)
    message.heldCodes[i] = readU16(bytes, kHeaderBytes + 2 * i);
  message.heldCount = static_cast<uint8_t>(count);
  return true;
}

bool decodeText(std::span<const uint8_t> bytes, InputMessage& message) {
  const size_t length = readU16(bytes, 2);
  if (length > kMaxTextBytes || bytes.size() != kHeaderBytes + length)
    return false;
  message.text = {reinterpret_cast<const char*>(bytes.data()) + kHeaderBytes, length};
  return isUtf8(message.text);
}

bool decodeBody(std::span<const uint8_t> bytes, InputMessage& message) {
  switch (message.type) {
    case InputType::key:
    case InputType::button:
      return decodePress(bytes, message);
    case InputType::wheel:
    case InputType::relative:
    case InputType::absolute:
      return decodePair(bytes, message);
    case InputType::held:
      return decodeHeld(bytes, message);
    case InputType::release:
      return bytes.size() == kHeaderBytes;
    case InputType::text:
      return decodeText(bytes, message);
  }
  return false;  // a type that this version does not know
}

}  // namespace

std::optional<InputMessage> decodeInput(std::span<const uint8_t> bytes) {
  if (bytes.size() < kHeaderBytes)
    return std::nullopt;
  InputMessage message;
  message.type = static_cast<InputType>(bytes[0]);
  message.seq = readU32(bytes, 4);
  if (!decodeBody(bytes, message))
    return std::nullopt;
  return message;
}

std::optional<Utf8Character> firstUtf8(std::string_view text) {
  if (text.empty())
    return std::nullopt;
  const auto byteAt = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byteAt(0);
  if (first < 0x80)
    return Utf8Character{first, 1};
  const size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length)
    return std::nullopt;
  // The second byte has a narrower range after these first bytes: overlong forms, surrogates, above U+10FFFF.
  const uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byteAt(1) < low || byteAt(1) > high)
    return std::nullopt;
  char32_t value = first & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byteAt(i) & 0xC0) != 0x80)
      return std::nullopt;
    value = (value << 6) | (byteAt(i) & 0x3FU);
  }
  return Utf8Character{value, length};
}

}  // namespace nestri
