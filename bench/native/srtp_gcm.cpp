// SPDX-License-Identifier: Apache-2.0
#include "srtp_gcm.h"

#include <algorithm>

#include "bytes.h"

namespace nestri::bench {
namespace {

constexpr size_t kRtcpHeaderBytes = 8;
constexpr uint32_t kRtcpEncrypted = 0x8000'0000;

/// AES in counter mode as key-derivation function (RFC 3711 §4.3.3); a 96-bit salt is padded on the right (RFC 7714
/// §11).
void deriveBytes(const SrtpMaster& master, uint8_t label, std::span<uint8_t> out) {
  std::array<uint8_t, 16> counter{};
  std::ranges::copy(master.salt, counter.begin());
  counter[7] ^= label;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), nullptr, master.key.data(), counter.data());
  std::ranges::fill(out, 0);
  int written = 0;
  EVP_EncryptUpdate(context, out.data(), &written, out.data(), static_cast<int>(out.size()));
  EVP_CIPHER_CTX_free(context);
}

/// Encrypts `body` in place and writes the tag behind it.
void seal(EVP_CIPHER_CTX* context, const uint8_t* nonce, std::span<const uint8_t> associated,
          std::span<const uint8_t> more, std::span<uint8_t> body, uint8_t* tag) {
  int written = 0;
  EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce);
  EVP_EncryptUpdate(context, nullptr, &written, associated.data(), static_cast<int>(associated.size()));
  if (!more.empty())
    EVP_EncryptUpdate(context, nullptr, &written, more.data(), static_cast<int>(more.size()));
  EVP_EncryptUpdate(context, body.data(), &written, body.data(), static_cast<int>(body.size()));
  EVP_EncryptFinal_ex(context, body.data() + body.size(), &written);
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kSrtpTagBytes, tag);
}

/// Decrypts `body` in place; false where the tag does not fit.
bool open(EVP_CIPHER_CTX* context, const uint8_t* nonce, std::span<const uint8_t> associated,
          std::span<const uint8_t> more, std::span<uint8_t> body, uint8_t* tag) {
  int written = 0;
  EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce);
  EVP_DecryptUpdate(context, nullptr, &written, associated.data(), static_cast<int>(associated.size()));
  if (!more.empty())
    EVP_DecryptUpdate(context, nullptr, &written, more.data(), static_cast<int>(more.size()));
  EVP_DecryptUpdate(context, body.data(), &written, body.data(), static_cast<int>(body.size()));
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kSrtpTagBytes, tag);
  return EVP_DecryptFinal_ex(context, body.data() + body.size(), &written) == 1;
}

}  // namespace

size_t rtpHeaderBytes(std::span<const uint8_t> packet) {
  if (packet.size() < 12 || packet[0] >> 6 != 2)
    return 0;
  size_t length = 12 + 4 * static_cast<size_t>(packet[0] & 0x0F);
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() < length + 4)
      return 0;
    length += 4 + 4 * static_cast<size_t>(readU16(&packet[length + 2]));
  }
  return length <= packet.size() ? length : 0;
}

SrtpGcm::SrtpGcm(const SrtpMaster& master) : rtp_(derive(master, 0, 2)), rtcp_(derive(master, 3, 5)) {}

SrtpGcm::Half SrtpGcm::derive(const SrtpMaster& master, uint8_t keyLabel, uint8_t saltLabel) {
  std::array<uint8_t, kSrtpKeyBytes> key{};
  Half half{Context(EVP_CIPHER_CTX_new()), Context(EVP_CIPHER_CTX_new()), {}};
  deriveBytes(master, keyLabel, key);
  deriveBytes(master, saltLabel, half.salt);
  EVP_EncryptInit_ex(half.seal.get(), EVP_aes_128_gcm(), nullptr, key.data(), nullptr);
  EVP_DecryptInit_ex(half.open.get(), EVP_aes_128_gcm(), nullptr, key.data(), nullptr);
  return half;
}

SrtpGcm::Nonce SrtpGcm::rtpNonce(const Half& half, uint32_t ssrc, uint32_t rollover, uint16_t sequence) {
  Nonce nonce{};
  writeU32(&nonce[2], ssrc);
  writeU32(&nonce[6], rollover);
  writeU16(&nonce[10], sequence);
  for (size_t i = 0; i < nonce.size(); ++i)
    nonce[i] ^= half.salt[i];
  return nonce;
}

SrtpGcm::Nonce SrtpGcm::rtcpNonce(const Half& half, uint32_t ssrc, uint32_t index) {
  Nonce nonce{};
  writeU32(&nonce[2], ssrc);
  writeU32(&nonce[8], index);
  for (size_t i = 0; i < nonce.size(); ++i)
    nonce[i] ^= half.salt[i];
  return nonce;
}

uint32_t SrtpGcm::rolloverOf(uint32_t ssrc, uint16_t sequence) {
  Rollover& state = rollovers_[ssrc];
  if (!state.started) {
    state = {.counter = 0, .highest = sequence, .started = true};
    return 0;
  }
  const int step = static_cast<int16_t>(sequence - state.highest);
  if (step > 0) {
    if (sequence < state.highest)
      ++state.counter;
    state.highest = sequence;
    return state.counter;
  }
  // An old packet from before the last roll-over.
  return sequence > state.highest && state.counter > 0 ? state.counter - 1 : state.counter;
}

size_t SrtpGcm::protectRtp(std::span<uint8_t> buffer, size_t lengthBytes) {
  const size_t header = rtpHeaderBytes(buffer.first(lengthBytes));
  if (header == 0 || buffer.size() < lengthBytes + kSrtpTagBytes)
    return 0;
  const uint32_t ssrc = readU32(&buffer[8]);
  const uint16_t sequence = readU16(&buffer[2]);
  const Nonce nonce = rtpNonce(rtp_, ssrc, rolloverOf(ssrc, sequence), sequence);
  seal(rtp_.seal.get(), nonce.data(), buffer.first(header), {}, buffer.subspan(header, lengthBytes - header),
       &buffer[lengthBytes]);
  return lengthBytes + kSrtpTagBytes;
}

size_t SrtpGcm::unprotectRtp(std::span<uint8_t> packet) {
  const size_t header = rtpHeaderBytes(packet);
  if (header == 0 || packet.size() < header + kSrtpTagBytes)
    return 0;
  const uint32_t ssrc = readU32(&packet[8]);
  const uint16_t sequence = readU16(&packet[2]);
  const size_t length = packet.size() - kSrtpTagBytes;
  const Nonce nonce = rtpNonce(rtp_, ssrc, rolloverOf(ssrc, sequence), sequence);
  const bool ok = open(rtp_.open.get(), nonce.data(), packet.first(header), {}, packet.subspan(header, length - header),
                       &packet[length]);
  return ok ? length : 0;
}

size_t SrtpGcm::protectRtcp(std::span<uint8_t> buffer, size_t lengthBytes) {
  if (lengthBytes < kRtcpHeaderBytes || buffer.size() < lengthBytes + kSrtcpTrailerBytes)
    return 0;
  const uint32_t index = ++rtcpIndex_;
  std::array<uint8_t, 4> word{};
  writeU32(word.data(), kRtcpEncrypted | index);
  const Nonce nonce = rtcpNonce(rtcp_, readU32(&buffer[4]), index);
  const auto body = buffer.subspan(kRtcpHeaderBytes, lengthBytes - kRtcpHeaderBytes);
  seal(rtcp_.seal.get(), nonce.data(), buffer.first(kRtcpHeaderBytes), word, body, &buffer[lengthBytes]);
  std::ranges::copy(word, buffer.begin() + static_cast<ptrdiff_t>(lengthBytes + kSrtpTagBytes));
  return lengthBytes + kSrtcpTrailerBytes;
}

size_t SrtpGcm::unprotectRtcp(std::span<uint8_t> packet) {
  if (packet.size() < kRtcpHeaderBytes + kSrtcpTrailerBytes)
    return 0;
  const size_t length = packet.size() - kSrtcpTrailerBytes;
  const auto word = packet.last(4);
  const uint32_t index = readU32(word.data()) & ~kRtcpEncrypted;
  const Nonce nonce = rtcpNonce(rtcp_, readU32(&packet[4]), index);
  const auto body = packet.subspan(kRtcpHeaderBytes, length - kRtcpHeaderBytes);
  return open(rtcp_.open.get(), nonce.data(), packet.first(kRtcpHeaderBytes), word, body, &packet[length]) ? length : 0;
}

}  // namespace nestri::bench
