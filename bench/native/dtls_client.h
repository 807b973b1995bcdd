// SPDX-License-Identifier: Apache-2.0
// The active end of a DTLS handshake over a connected UDP socket, for SRTP keys only (RFC 5764). The certificate is
// made at start and shared by all connections of a process; who the other end is does not matter to a bench.

#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "srtp_gcm.h"

namespace nestri::bench {

struct FreeOpenSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

/// A self-signed certificate and the settings of every connection.
class DtlsIdentity {
 public:
  DtlsIdentity();
  [[nodiscard]] SSL_CTX* context() const { return context_.get(); }
  /// SHA-256 as in `a=fingerprint` (RFC 8122).
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  std::unique_ptr<SSL_CTX, FreeOpenSsl> context_;
  std::string fingerprint_;
};

struct SrtpKeys {
  SrtpMaster local;
  SrtpMaster remote;
};

class DtlsClient {
 public:
  /// @param socketFd connected, non-blocking; stays the caller's
  DtlsClient(const DtlsIdentity& identity, int socketFd);

  /// Sends the first flight, or a flight again that was not answered in time. Call every 50 ms until connected.
  void advance();
  /// A datagram whose first byte is in 20..63 (RFC 7983).
  void receive(std::span<const uint8_t> datagram);
  /// The keys, once the handshake is done.
  [[nodiscard]] std::optional<SrtpKeys> keys() const;

 private:
  std::unique_ptr<SSL, FreeOpenSsl> ssl_;
};

}  // namespace nestri::bench
