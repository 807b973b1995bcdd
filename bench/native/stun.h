// SPDX-License-Identifier: Apache-2.0
// The one STUN message that an ICE-lite relay needs from us: a connectivity check that nominates (RFC 8445, RFC 8489).

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nestri::bench {

struct IceCredentials {
  std::string remoteFragment;
  std::string remotePassword;
  std::string localFragment;
};

/// A Binding request with USE-CANDIDATE, MESSAGE-INTEGRITY and FINGERPRINT. `serial` makes its transaction id.
std::vector<uint8_t> bindingRequest(const IceCredentials& credentials, uint32_t serial);

/// Whether a datagram is a Binding success response. Its integrity is not checked: a bench has no attacker.
bool isBindingSuccess(std::span<const uint8_t> datagram);

}  // namespace nestri::bench
