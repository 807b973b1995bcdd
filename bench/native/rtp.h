// SPDX-License-Identifier: Apache-2.0
// The few things that benches read of an RTP packet: one-byte header extensions (RFC 8285) and whether an H.264 payload
// (RFC 6184) begins a key frame.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bytes.h"

namespace nestri::bench {

/// Data of the one-byte header extension `id`, or nullopt.
inline std::optional<std::span<const uint8_t>> headerExtension(std::span<const uint8_t> packet, uint8_t id) {
  if (packet.size() < 12 || (packet[0] & 0x10) == 0)
    return std::nullopt;
  size_t at = 12 + 4 * static_cast<size_t>(packet[0] & 0x0F);
  if (packet.size() < at + 4 || readU16(&packet[at]) != 0xBEDE)
    return std::nullopt;
  const size_t end = at + 4 + 4 * static_cast<size_t>(readU16(&packet[at + 2]));
  if (packet.size() < end)
    return std::nullopt;
  at += 4;
  while (at < end) {
    if (packet[at] == 0) {
      ++at;
      continue;
    }
    const size_t length = static_cast<size_t>(packet[at] & 0x0F) + 1;
    if (at + 1 + length > end)
      return std::nullopt;
    if (packet[at] >> 4 == id)
      return packet.subspan(at + 1, length);
    at += 1 + length;
  }
  return std::nullopt;
}

/// Whether an H.264 payload starts an IDR picture or its parameter sets (single NAL, STAP-A or first FU-A fragment).
inline bool beginsKeyFrame(std::span<const uint8_t> payload) {
  if (payload.empty())
    return false;
  const auto isKey = [](uint8_t type) { return type == 5 || type == 7; };
  const uint8_t type = payload[0] & 0x1F;
  if (type == 24)
    return payload.size() > 3 && isKey(payload[3] & 0x1F);
  if (type == 28)
    return payload.size() > 1 && (payload[1] & 0x80) != 0 && isKey(payload[1] & 0x1F);
  return isKey(type);
}

}  // namespace nestri::bench
