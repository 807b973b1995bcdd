// SPDX-License-Identifier: Apache-2.0
// Many viewers in one process: real ICE, DTLS and SRTP, every packet decrypted, reports and congestion feedback sent as
// a browser does, at a fraction of a browser's cost. Commands come as lines on standard input, facts go as lines to
// standard output (bench/src/support/receivers.ts is the other end). Ends when standard input does.
//
//   add ID IP PORT REMOTE_UFRAG REMOTE_PWD LOCAL_UFRAG SSRC TRANSPORT_CC_ID   -> connected ID UNIX_NS, media ID UNIX_NS
//   pli ID                                                                    -> pli ID UNIX_NS, later key ID UNIX_NS
//   record ID     from now on remember when the last packet of each frame came
//   frames ID                                                                 -> frame TIMESTAMP UNIX_NS for each, end
//   reset         counters to zero
//   count                                                                     -> count PACKETS BYTES LOST FORGED OTHER

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bytes.h"
#include "peer.h"
#include "rtcp.h"
#include "rtp.h"

namespace nestri::bench {
namespace {

constexpr int64_t kFeedbackEveryNs = 100'000'000;
constexpr int64_t kReportEveryNs = 1'000'000'000;
constexpr int kTickMs = 20;

struct Counts {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t lost = 0;
  uint64_t forged = 0;
  /// Packets of other streams: retransmissions, bandwidth probes, sound.
  uint64_t other = 0;
};

struct ViewerOptions {
  int id = 0;
  uint32_t ssrc = 0;
  uint8_t transportCcId = 0;
};

class Viewer : public PeerEvents {
 public:
  Viewer(const DtlsIdentity& identity, IceCredentials credentials, const sockaddr_in& relay, ViewerOptions options)
      : options_(options), peer_(identity, std::move(credentials), relay, *this) {}

  Peer& peer() { return peer_; }
  Counts counts;

  void onConnected() override { std::printf("connected %d %" PRId64 "\n", options_.id, unixNs()); }
  void onRtcp(std::span<const uint8_t> /*packet*/) override {}
  /// Bandwidth probes come under an SSRC of their own and are no media.
  void onForged(std::span<const uint8_t> packet) override {
    if (packet.size() >= 12 && readU32(&packet[8]) == options_.ssrc)
      ++counts.forged;
  }

  void onRtp(std::span<const uint8_t> packet, size_t headerBytes, int64_t arrivedUnixNs) override {
    if (options_.transportCcId != 0)
      noteArrival(packet, arrivedUnixNs);
    if (readU32(&packet[8]) != options_.ssrc) {
      ++counts.other;
      return;
    }
    countSequence(readU16(&packet[2]));
    ++counts.packets;
    counts.bytes += packet.size();
    const uint32_t timestamp = readU32(&packet[4]);
    if (recording_)
      frames_[timestamp] = arrivedUnixNs;
    if (!seenMedia_)
      std::printf("media %d %" PRId64 "\n", options_.id, arrivedUnixNs);
    seenMedia_ = true;
    if (pliWaits_ && beginsKeyFrame(packet.subspan(headerBytes))) {
      std::printf("key %d %" PRId64 "\n", options_.id, arrivedUnixNs);
      pliWaits_ = false;
    }
  }

  void tick(int64_t nowNs) {
    peer_.tick(nowNs);
    if (!peer_.connected() || !started_)
      return;
    std::array<uint8_t, kMaxRtcpBytes + kSrtcpTrailerBytes> buffer{};
    if (nowNs >= nextFeedbackNs_ && !arrivals_.empty()) {
      const size_t length = writeTransportFeedback(buffer, kOwnSsrc, options_.ssrc, feedbackSerial_++, arrivals_);
      arrivals_.clear();
      peer_.sendRtcp(buffer, length);
      nextFeedbackNs_ = nowNs + kFeedbackEveryNs;
    }
    if (nowNs >= nextReportNs_) {
      const ReceptionFacts facts{
          .ssrc = options_.ssrc, .highest = highest_, .lost = static_cast<uint32_t>(counts.lost)};
      peer_.sendRtcp(buffer, writeReceiverReport(buffer, kOwnSsrc, facts));
      nextReportNs_ = nowNs + kReportEveryNs;
    }
  }

  void sendPli() {
    std::array<uint8_t, 64> buffer{};
    pliWaits_ = true;
    std::printf("pli %d %" PRId64 "\n", options_.id, unixNs());
    peer_.sendRtcp(buffer, writePli(buffer, kOwnSsrc, options_.ssrc));
  }

  void record() { recording_ = true; }

  void printFrames() {
    for (const auto& [timestamp, atNs] : frames_)
      std::printf("frame %" PRIu32 " %" PRId64 "\n", timestamp, atNs);
    std::printf("end\n");
    frames_.clear();
  }

 private:
  static constexpr uint32_t kOwnSsrc = 0x0BE4C4;

  void noteArrival(std::span<const uint8_t> packet, int64_t atNs) {
    const auto extension = headerExtension(packet, options_.transportCcId);
    if (!extension || extension->size() != 2 || arrivals_.size() >= kMaxFeedbackPackets)
      return;
    const uint16_t sequence = readU16(extension->data());
    // Late ones are left out of feedback: they would need a base in the past.
    if (!arrivals_.empty() && static_cast<int16_t>(sequence - arrivals_.back().sequence) <= 0)
      return;
    arrivals_.push_back({sequence, atNs});
  }

  void countSequence(uint16_t sequence) {
    if (!started_) {
      highest_ = sequence;
      started_ = true;
      return;
    }
    const int step = static_cast<int16_t>(sequence - static_cast<uint16_t>(highest_));
    if (step <= 0)
      return;
    counts.lost += static_cast<uint64_t>(step - 1);
    highest_ += static_cast<uint32_t>(step);
  }

  ViewerOptions options_;
  bool started_ = false;
  bool seenMedia_ = false;
  bool pliWaits_ = false;
  bool recording_ = false;
  uint32_t highest_ = 0;
  uint8_t feedbackSerial_ = 0;
  int64_t nextFeedbackNs_ = 0;
  int64_t nextReportNs_ = 0;
  std::vector<Arrival> arrivals_;
  std::map<uint32_t, int64_t> frames_;
  Peer peer_;
};

class Viewers {
 public:
  Viewers() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(STDIN_FILENO, nullptr);
    std::printf("fingerprint %s\n", identity_.fingerprint().c_str());
  }

  void run() {
    std::array<epoll_event, 64> ready{};
    int64_t nextTickNs = 0;
    for (;;) {
      const int count = epoll_wait(epoll_, ready.data(), ready.size(), kTickMs);
      for (int i = 0; i < count; ++i) {
        auto* viewer = static_cast<Viewer*>(ready[static_cast<size_t>(i)].data.ptr);
        if (viewer != nullptr) {
          viewer->peer().drain();
        } else if (!readCommands()) {
          return;
        }
      }
      const int64_t nowNs = unixNs();
      if (nowNs >= nextTickNs) {
        for (auto& [id, viewer] : viewers_)
          viewer->tick(nowNs);
        nextTickNs = nowNs + kTickMs * 1'000'000;
      }
      std::fflush(stdout);
    }
  }

 private:
  void watch(int fd, Viewer* viewer) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = viewer}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  bool readCommands() {
    std::array<char, 4096> chunk{};
    const ssize_t count = read(STDIN_FILENO, chunk.data(), chunk.size());
    if (count <= 0)
      return false;
    pending_.append(chunk.data(), static_cast<size_t>(count));
    for (size_t end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
      execute(pending_.substr(0, end));
      pending_.erase(0, end + 1);
    }
    return true;
  }

  void execute(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    int id = 0;
    words >> command >> id;
    if (command == "add") {
      add(words, id);
    } else if (command == "reset") {
      for (auto& [key, viewer] : viewers_)
        viewer->counts = {};
    } else if (command == "count") {
      printCounts();
    } else if (const auto found = viewers_.find(id); found != viewers_.end()) {
      if (command == "pli")
        found->second->sendPli();
      if (command == "record")
        found->second->record();
      if (command == "frames")
        found->second->printFrames();
    }
  }

  void add(std::istringstream& words, int id) {
    std::string address;
    uint16_t port = 0;
    uint32_t ssrc = 0;
    int transportCcId = 0;
    IceCredentials ice;
    words >> address >> port >> ice.remoteFragment >> ice.remotePassword >> ice.localFragment >> ssrc >> transportCcId;
    const auto relay = ipv4(address, port);
    if (!words || !relay) {
      std::fprintf(stderr, "a viewer cannot be added from that line\n");
      return;
    }
    const ViewerOptions options{.id = id, .ssrc = ssrc, .transportCcId = static_cast<uint8_t>(transportCcId)};
    auto viewer = std::make_unique<Viewer>(identity_, ice, *relay, options);
    watch(viewer->peer().fd(), viewer.get());
    viewers_[id] = std::move(viewer);
  }

  void printCounts() {
    Counts sum;
    for (auto& [id, viewer] : viewers_) {
      const Counts& one = viewer->counts;
      sum.packets += one.packets;
      sum.bytes += one.bytes;
      sum.lost += one.lost;
      sum.forged += one.forged;
      sum.other += one.other;
    }
    std::printf("count %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sum.packets, sum.bytes, sum.lost,
                sum.forged, sum.other);
  }

  int epoll_;
  DtlsIdentity identity_;
  std::string pending_;
  std::map<int, std::unique_ptr<Viewer>> viewers_;
};

}  // namespace
}  // namespace nestri::bench

int main() {
  nestri::bench::Viewers().run();
  return 0;
}
