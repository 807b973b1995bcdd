// SPDX-License-Identifier: Apache-2.0
// A paced publisher over real ICE, DTLS and SRTP: 60 frames a second of equal packets that look like H.264 (IDR with
// its parameter sets at start and on PLI or FIR), with the header extensions of our runner. It costs almost no CPU, so
// that a bench measures the relay and not an encoder. Commands and facts as in viewers.cpp. Ends when standard input
// does.
//
//   connect IP PORT REMOTE_UFRAG REMOTE_PWD LOCAL_UFRAG SSRC PAYLOAD_TYPE   -> connected UNIX_NS
//   start FRAMES_PER_SECOND PACKETS_PER_FRAME PACKET_BYTES
//   record                  from now on remember when each frame's last packet was handed to the socket
//   frames                                       -> frame TIMESTAMP UNIX_NS for each, end

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"
#include "peer.h"
#include "rtcp.h"

namespace nestri::bench {
namespace {

constexpr uint32_t kClockRate = 90'000;
constexpr size_t kMaxPacketBytes = 1400;
constexpr int64_t kTickNs = 20'000'000;
// Ids of protocol/src/codecs.ts.
constexpr uint8_t kMidId = 1;
constexpr uint8_t kTransportCcId = 5;
constexpr uint8_t kAbsCaptureTimeId = 7;
constexpr uint8_t kPlayoutDelayId = 8;
/// Seconds from 1900 (NTP) to 1970 (Unix).
constexpr uint64_t kNtpOffset = 2'208'988'800;

struct Pace {
  int64_t frameNs = 0;
  uint32_t clockStep = 0;
  int packets = 0;
  size_t packetBytes = 0;
};

class Publisher : public PeerEvents {
 public:
  Publisher(const DtlsIdentity& identity, IceCredentials credentials, const sockaddr_in& relay)
      : peer_(identity, std::move(credentials), relay, *this) {}

  Peer& peer() { return peer_; }
  uint32_t ssrc = 0;
  uint8_t payloadType = 0;

  void onConnected() override { std::printf("connected %" PRId64 "\n", unixNs()); }
  void onRtp(std::span<const uint8_t> /*packet*/, size_t /*headerBytes*/, int64_t /*at*/) override {}
  void onForged(std::span<const uint8_t> /*packet*/) override {}
  void onRtcp(std::span<const uint8_t> packet) override {
    if (asksForKeyFrame(packet, ssrc))
      keyFrameDue_ = true;
  }

  void start(const Pace& pace) {
    pace_ = pace;
    nextFrameNs_ = unixNs();
  }

  void record() { recording_ = true; }

  void printFrames() {
    for (const auto& [timestamp, atNs] : sent_)
      std::printf("frame %" PRIu32 " %" PRId64 "\n", timestamp, atNs);
    std::printf("end\n");
    sent_.clear();
  }

  /// Sends the frame that is due; returns when the next one is.
  int64_t advance(int64_t nowNs) {
    if (pace_.packets == 0)
      return nowNs + kTickNs;
    if (nowNs >= nextFrameNs_) {
      sendFrame(nowNs);
      nextFrameNs_ += pace_.frameNs;
    }
    return nextFrameNs_;
  }

 private:
  void sendFrame(int64_t nowNs) {
    const bool key = std::exchange(keyFrameDue_, false);
    for (int i = 0; i < pace_.packets; ++i) {
      const bool last = i == pace_.packets - 1;
      std::array<uint8_t, kMaxPacketBytes> packet;
      size_t at = writeHeader(packet, last, nowNs);
      at += writePayload(std::span(packet).subspan(at), {.first = i == 0, .second = i == 1, .last = last, .key = key});
      const int64_t handedNs = unixNs();
      peer_.sendRtp(packet, std::max(at, pace_.packetBytes));
      if (last && recording_)
        sent_.emplace_back(timestamp_, handedNs);
    }
    timestamp_ += pace_.clockStep;
  }

  size_t writeHeader(std::span<uint8_t> packet, bool marker, int64_t nowNs) {
    packet[0] = 0x90;
    packet[1] = static_cast<uint8_t>(payloadType | (marker ? 0x80 : 0));
    writeU16(&packet[2], sequence_++);
    writeU32(&packet[4], timestamp_);
    writeU32(&packet[8], ssrc);
    writeU16(&packet[12], 0xBEDE);
    writeU16(&packet[14], 5);
    size_t at = 16;
    packet[at++] = kMidId << 4 | 0;
    packet[at++] = '0';
    packet[at++] = kTransportCcId << 4 | 1;
    writeU16(&packet[at], transportSequence_++);
    at += 2;
    packet[at++] = kAbsCaptureTimeId << 4 | 7;
    const auto seconds = static_cast<uint64_t>(nowNs / 1'000'000'000);
    const auto fraction = (static_cast<uint64_t>(nowNs % 1'000'000'000) << 32) / 1'000'000'000;
    writeU64(&packet[at], (seconds + kNtpOffset) << 32 | fraction);
    at += 8;
    packet[at++] = kPlayoutDelayId << 4 | 2;
    writeU24(&packet[at], 0);
    at += 3;
    std::fill(packet.begin() + static_cast<ptrdiff_t>(at), packet.begin() + 36, uint8_t{0});
    return 36;
  }

  struct Place {
    bool first;
    bool second;
    bool last;
    bool key;
  };

  /// H.264: the parameter sets of a key frame as STAP-A, everything else as fragments (FU-A) of one NAL unit.
  static size_t writePayload(std::span<uint8_t> payload, Place place) {
    if (place.key && place.first) {
      constexpr std::array<uint8_t, 22> sets{24,   0, 9, 0x67, 0x42, 0xE0, 0x2A, 0x95, 0xA0, 0x14, 0x01,
                                             0x6E, 0, 4, 0x68, 0xCE, 0x3C, 0x80, 0,    0,    0,    0};
      // The aggregate ends behind the picture parameter set; the packet is not padded, or padding would read as a unit.
      std::ranges::copy(std::span(sets).first(18), payload.begin());
      return 18;
    }
    const bool start = place.key ? place.second : place.first;
    payload[0] = 0x60 | 28;
    payload[1] = static_cast<uint8_t>((start ? 0x80 : 0) | (place.last ? 0x40 : 0) | (place.key ? 5 : 1));
    payload[2] = 0x88;
    return 3;
  }

  Pace pace_;
  bool keyFrameDue_ = true;
  bool recording_ = false;
  uint16_t sequence_ = 1;
  uint16_t transportSequence_ = 1;
  uint32_t timestamp_ = 1;
  int64_t nextFrameNs_ = 0;
  std::vector<std::pair<uint32_t, int64_t>> sent_;
  Peer peer_;
};

std::unique_ptr<Publisher> connectTo(std::istringstream& words, const DtlsIdentity& identity) {
  std::string address;
  uint16_t port = 0;
  uint32_t ssrc = 0;
  int payloadType = 0;
  IceCredentials ice;
  words >> address >> port >> ice.remoteFragment >> ice.remotePassword >> ice.localFragment >> ssrc >> payloadType;
  const auto relay = ipv4(address, port);
  if (!words || !relay)
    return nullptr;
  auto publisher = std::make_unique<Publisher>(identity, ice, *relay);
  publisher->ssrc = ssrc;
  publisher->payloadType = static_cast<uint8_t>(payloadType);
  return publisher;
}

void execute(const std::string& line, const DtlsIdentity& identity, std::unique_ptr<Publisher>& publisher) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  if (command == "connect")
    publisher = connectTo(words, identity);
  if (publisher == nullptr) {
    std::fprintf(stderr, "not connected, or the address cannot be read\n");
  } else if (command == "start") {
    uint32_t rate = 60;
    Pace pace;
    words >> rate >> pace.packets >> pace.packetBytes;
    pace.packetBytes = std::min(pace.packetBytes, kMaxPacketBytes - kSrtpTagBytes);
    pace.frameNs = 1'000'000'000 / rate;
    pace.clockStep = kClockRate / rate;
    publisher->start(pace);
  } else if (command == "record") {
    publisher->record();
  } else if (command == "frames") {
    publisher->printFrames();
  }
}

void run() {
  const DtlsIdentity identity;
  std::printf("fingerprint %s\n", identity.fingerprint().c_str());
  std::fflush(stdout);
  std::unique_ptr<Publisher> publisher;
  std::string pending;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  // A timer, not epoll's timeout: that one has milliseconds only.
  const int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  const auto watch = [epoll](int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  watch(STDIN_FILENO);
  watch(timer);
  int64_t nextTickNs = 0;
  for (;;) {
    const int64_t nowNs = unixNs();
    int64_t wakeNs = nowNs + kTickNs;
    if (publisher != nullptr) {
      if (nowNs >= nextTickNs) {
        publisher->peer().tick(nowNs);
        nextTickNs = nowNs + kTickNs;
      }
      wakeNs = std::min(publisher->advance(nowNs), nextTickNs);
    }
    const itimerspec when{.it_interval = {}, .it_value = {wakeNs / 1'000'000'000, wakeNs % 1'000'000'000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr);
    std::array<epoll_event, 4> ready{};
    const int count = epoll_wait(epoll, ready.data(), ready.size(), 1000);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<size_t>(i)].data.fd;
      if (fd == timer) {
        uint64_t expirations = 0;
        static_cast<void>(!read(timer, &expirations, sizeof expirations));
      } else if (fd == STDIN_FILENO) {
        std::array<char, 4096> chunk{};
        const ssize_t length = read(STDIN_FILENO, chunk.data(), chunk.size());
        if (length <= 0)
          return;
        pending.append(chunk.data(), static_cast<size_t>(length));
        for (size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
          const Publisher* before = publisher.get();
          execute(pending.substr(0, end), identity, publisher);
          pending.erase(0, end + 1);
          if (publisher != nullptr && publisher.get() != before)
            watch(publisher->peer().fd());
        }
      } else if (publisher != nullptr) {
        publisher->peer().drain();
      }
    }
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace nestri::bench

int main() {
  nestri::bench::run();
  return 0;
}
