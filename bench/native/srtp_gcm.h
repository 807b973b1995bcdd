// SPDX-License-Identifier: Apache-2.0
// SRTP and SRTCP with AES-128-GCM (RFC 7714, key derivation of RFC 3711 §4.3), on OpenSSL alone: the receivers of a
// bench share no code with the relay that they judge. One object per direction of one connection; no locking.

#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

namespace nestri::bench {

inline constexpr size_t kSrtpKeyBytes = 16;
inline constexpr size_t kSrtpSaltBytes = 12;
inline constexpr size_t kSrtpTagBytes = 16;
/// Bytes that protectRtcp adds: the tag and the index word.
inline constexpr size_t kSrtcpTrailerBytes = kSrtpTagBytes + 4;

/// Master key and salt of one direction, as the DTLS exporter gives them (RFC 5764 §4.2).
struct SrtpMaster {
  std::array<uint8_t, kSrtpKeyBytes> key;
  std::array<uint8_t, kSrtpSaltBytes> salt;
};

/// Length of an RTP header with its CSRCs and extension, or 0 where the bytes are not RTP.
size_t rtpHeaderBytes(std::span<const uint8_t> packet);

class SrtpGcm {
 public:
  explicit SrtpGcm(const SrtpMaster& master);

  /// Encrypts in place. `buffer` holds the packet and has room for a tag; returns the new length.
  size_t protectRtp(std::span<uint8_t> buffer, size_t lengthBytes);
  /// Decrypts in place; returns the new length, or 0 where the tag is wrong.
  size_t unprotectRtp(std::span<uint8_t> packet);
  size_t protectRtcp(std::span<uint8_t> buffer, size_t lengthBytes);
  size_t unprotectRtcp(std::span<uint8_t> packet);

 private:
  struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;
  using Nonce = std::array<uint8_t, 12>;
  /// Half of one protocol: session key in a cipher context, and the session salt.
  struct Half {
    Context seal;
    Context open;
    Nonce salt;
  };
  /// Roll-over counter and highest sequence number of one SSRC (RFC 3711 §3.3.1).
  struct Rollover {
    uint32_t counter = 0;
    uint16_t highest = 0;
    bool started = false;
  };

  static Half derive(const SrtpMaster& master, uint8_t keyLabel, uint8_t saltLabel);
  static Nonce rtpNonce(const Half& half, uint32_t ssrc, uint32_t rollover, uint16_t sequence);
  static Nonce rtcpNonce(const Half& half, uint32_t ssrc, uint32_t index);
  uint32_t rolloverOf(uint32_t ssrc, uint16_t sequence);

  Half rtp_;
  Half rtcp_;
  std::unordered_map<uint32_t, Rollover> rollovers_;
  uint32_t rtcpIndex_ = 0;
};

}  // namespace nestri::bench
