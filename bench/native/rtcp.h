// SPDX-License-Identifier: Apache-2.0
// RTCP that a browser sends too, so that the relay does all its work: receiver report (RFC 3550 §6.4.2), picture loss
// indication (RFC 4585 §6.3.1), transport-wide congestion feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). Plain packets without encryption.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nestri::bench {

/// What a report says about one stream.
struct ReceptionFacts {
  uint32_t ssrc = 0;
  /// Highest sequence number with its roll-overs.
  uint32_t highest = 0;
  uint32_t lost = 0;
  /// Interarrival jitter in clock units.
  uint32_t jitter = 0;
};

/// One packet with a transport-wide sequence number.
struct Arrival {
  uint16_t sequence;
  int64_t atNs;
};

inline constexpr size_t kMaxRtcpBytes = 1200;

/// Receiver report about one stream; returns its length.
size_t writeReceiverReport(std::span<uint8_t> out, uint32_t senderSsrc, const ReceptionFacts& facts);

/// Picture loss indication; returns its length.
size_t writePli(std::span<uint8_t> out, uint32_t senderSsrc, uint32_t mediaSsrc);

/// Feedback about packets in the order of their sequence numbers, at most `kMaxFeedbackPackets`; returns its length.
size_t writeTransportFeedback(std::span<uint8_t> out, uint32_t senderSsrc, uint32_t mediaSsrc, uint8_t serial,
                              const std::vector<Arrival>& arrivals);

/// Packets in one feedback: with two bytes each and their chunks they stay below an MTU.
inline constexpr size_t kMaxFeedbackPackets = 400;

/// Whether a compound packet asks `ssrc` for a key frame (PLI or FIR).
bool asksForKeyFrame(std::span<const uint8_t> compound, uint32_t ssrc);

}  // namespace nestri::bench
