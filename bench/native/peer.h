// SPDX-License-Identifier: Apache-2.0
// One connection to an ICE-lite relay: a UDP socket of its own, connectivity checks, DTLS, SRTP. Single-threaded: the
// owner's event loop calls `tick` and `drain`.

#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "dtls_client.h"
#include "srtp_gcm.h"
#include "stun.h"

namespace nestri::bench {

/// Wall clock in nanoseconds: the clock of the kernel's receive timestamps.
int64_t unixNs();

/// What a connection tells its owner.
class PeerEvents {
 public:
  PeerEvents() = default;
  PeerEvents(const PeerEvents&) = delete;
  PeerEvents& operator=(const PeerEvents&) = delete;
  virtual ~PeerEvents() = default;
  virtual void onConnected() {}
  /// A decrypted RTP packet; `arrivedUnixNs` is the kernel's timestamp, so a late reader does not make it late.
  virtual void onRtp(std::span<const uint8_t> packet, size_t headerBytes, int64_t arrivedUnixNs) = 0;
  /// A decrypted compound RTCP packet.
  virtual void onRtcp(std::span<const uint8_t> packet) = 0;
  /// A packet whose tag does not fit, still encrypted.
  virtual void onForged(std::span<const uint8_t> packet) = 0;
};

class Peer {
 public:
  Peer(const DtlsIdentity& identity, IceCredentials credentials, const sockaddr_in& relay, PeerEvents& events);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool connected() const { return inbound_ != nullptr; }
  /// Checks, handshake retransmissions and consent (RFC 7675). Call every 20 to 50 ms.
  void tick(int64_t nowNs);
  /// Reads everything that waits in the socket.
  void drain();
  /// Encrypts and sends. `buffer` holds the packet and room for what SRTP adds.
  void sendRtp(std::span<uint8_t> buffer, size_t lengthBytes);
  void sendRtcp(std::span<uint8_t> buffer, size_t lengthBytes);

 private:
  void receive(std::span<uint8_t> datagram, int64_t arrivedUnixNs);
  void finishHandshake();

  int fd_;
  IceCredentials credentials_;
  PeerEvents& events_;
  DtlsClient dtls_;
  std::unique_ptr<SrtpGcm> inbound_;
  std::unique_ptr<SrtpGcm> outbound_;
  bool checked_ = false;
  uint32_t serial_ = 0;
  int64_t nextCheckNs_ = 0;
};

/// 127.0.0.1:port and the like; nullopt where the text is no IPv4 address.
std::optional<sockaddr_in> ipv4(const std::string& address, uint16_t port);

}  // namespace nestri::bench
