// SPDX-License-Identifier: Apache-2.0
// The other end of a session in tests: a second webrtcbin that answers an offer as a relay would, counts what arrives
// and has the same negotiated data channels. ICE, DTLS, SRTP and SCTP are real, on loopback.
#pragma once

#include "gst_ptr.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace nestri::test {

struct EchoMessage {
  uint32_t rtpTimestamp;
  uint32_t seq;
};

class Peer {
 public:
  Peer();
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// The answer to `offer`, with all candidates.
  std::string answer(const std::string& offer);

  /// Whether the negotiated data channel 4 or 6 can be sent on.
  bool inputReady(int streamId);
  void sendInput(int streamId, std::span<const uint8_t> message);
  void closeInput(int streamId);

  /// Sends a PLI for the video.
  void requestKeyFrame();

  std::atomic<uint64_t> videoPackets{0};
  std::atomic<uint64_t> videoFrames{0};
  std::atomic<uint64_t> audioPackets{0};
  /// Video packets that carry a playout-delay of 0/0 and a capture time.
  std::atomic<uint64_t> stampedPackets{0};

  std::vector<EchoMessage> echoes();
  /// RTP timestamps of the video that arrived.
  std::set<uint32_t> timestamps();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nestri::test
