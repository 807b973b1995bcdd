// SPDX-License-Identifier: Apache-2.0
#include "stun.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "bytes.h"

namespace nestri::bench {
namespace {

constexpr uint32_t kMagicCookie = 0x2112A442;
constexpr uint16_t kUsername = 0x0006;
constexpr uint16_t kMessageIntegrity = 0x0008;
constexpr uint16_t kPriority = 0x0024;
constexpr uint16_t kUseCandidate = 0x0025;
constexpr uint16_t kFingerprint = 0x8028;
constexpr uint16_t kIceControlling = 0x802A;
constexpr size_t kHeaderBytes = 20;
/// Peer-reflexive type preference 110, highest local preference, component 1 (RFC 8445 §5.1.2.1).
constexpr uint32_t kCheckPriority = 110u << 24 | 0xFFFFu << 8 | 255u;

void append(std::vector<uint8_t>& message, uint16_t type, std::span<const uint8_t> value) {
  const size_t at = message.size();
  message.resize(at + 4 + (value.size() + 3) / 4 * 4, 0);
  writeU16(&message[at], type);
  writeU16(&message[at + 2], static_cast<uint16_t>(value.size()));
  std::ranges::copy(value, message.begin() + static_cast<ptrdiff_t>(at + 4));
}

/// The length field counts an attribute of `more` bytes that is about to follow.
void setLength(std::vector<uint8_t>& message, size_t more) {
  writeU16(&message[2], static_cast<uint16_t>(message.size() + more - kHeaderBytes));
}

uint32_t crc32(std::span<const uint8_t> bytes) {
  uint32_t crc = ~0u;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB8'8320u : 0u);
  }
  return ~crc;
}

}  // namespace

std::vector<uint8_t> bindingRequest(const IceCredentials& credentials, uint32_t serial) {
  std::vector<uint8_t> message(kHeaderBytes, 0);
  writeU16(&message[0], 0x0001);
  writeU32(&message[4], kMagicCookie);
  writeU32(&message[16], serial);
  const std::string user = credentials.remoteFragment + ":" + credentials.localFragment;
  append(message, kUsername, {reinterpret_cast<const uint8_t*>(user.data()), user.size()});
  std::array<uint8_t, 4> word{};
  writeU32(word.data(), kCheckPriority);
  append(message, kPriority, word);
  append(message, kIceControlling, std::array<uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8});
  append(message, kUseCandidate, {});

  setLength(message, 24);
  std::array<uint8_t, 20> integrity{};
  const std::string& password = credentials.remotePassword;
  HMAC(EVP_sha1(), password.data(), static_cast<int>(password.size()), message.data(), message.size(), integrity.data(),
       nullptr);
  append(message, kMessageIntegrity, integrity);

  setLength(message, 8);
  writeU32(word.data(), crc32(message) ^ 0x5354'554E);
  append(message, kFingerprint, word);
  return message;
}

bool isBindingSuccess(std::span<const uint8_t> datagram) {
  return datagram.size() >= kHeaderBytes && readU16(datagram.data()) == 0x0101 && readU32(&datagram[4]) == kMagicCookie;
}

}  // namespace nestri::bench
