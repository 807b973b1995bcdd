// SPDX-License-Identifier: Apache-2.0
// Watches loopback (AF_PACKET, needs CAP_NET_RAW) for RTP to and from a relay's media ports and prints, for each line
// on standard input, what it saw of each frame since the last one and then `end`. RTP headers and their extensions are
// not encrypted, so neither the relay nor its peers need to help. One line per frame:
//
//   in|out RTP_TIMESTAMP PEER_PORT PAYLOAD_TYPE FIRST_UNIX_NS LAST_UNIX_NS CAPTURE_UNIX_NS PACKETS BYTES
//
// CAPTURE is the frame's abs-capture-time (0 = it carries none), BYTES are behind the RTP headers, SRTP's tags
// included.
//
//   rtp-tap FIRST_MEDIA_PORT LAST_MEDIA_PORT ABS_CAPTURE_TIME_ID

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <tuple>

#include "rtp.h"
#include "srtp_gcm.h"

namespace nestri::bench {
namespace {

constexpr int kReceiveBufferBytes = 16 << 20;
constexpr uint64_t kNtpOffset = 2'208'988'800;
/// Enough for IP, UDP and the RTP header with extensions; the payload is encrypted and of no use.
constexpr uint32_t kSnapBytes = 256;
constexpr size_t kUdpHeaderBytes = 8;

struct Frame {
  int64_t firstNs = 0;
  int64_t lastNs = 0;
  int64_t captureNs = 0;
  uint32_t packets = 0;
  uint32_t bytes = 0;
};

struct Ports {
  uint16_t first = 0;
  uint16_t last = 0;
  [[nodiscard]] bool contains(uint16_t port) const { return port >= first && port <= last; }
};

/// Inbound, the other end's port, payload type, RTP timestamp.
using FrameKey = std::tuple<bool, uint16_t, uint8_t, uint32_t>;

int64_t captureTimeNs(std::span<const uint8_t> packet, uint8_t id) {
  const auto extension = headerExtension(packet, id);
  if (!extension || extension->size() < 8)
    return 0;
  const uint64_t ntp = readU64(extension->data());
  const auto nanoseconds = ((ntp & 0xFFFF'FFFF) * 1'000'000'000) >> 32;
  return static_cast<int64_t>(((ntp >> 32) - kNtpOffset) * 1'000'000'000 + nanoseconds);
}

/// Keeps UDP over IPv4 without options whose source or destination port is one of the relay's, cut to kSnapBytes.
void setFilter(int fd, Ports ports) {
  const std::array<sock_filter, 12> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),                   // protocol
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 9),  //
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),                   // version and header length
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x45, 0, 7),         //
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),                  // source port
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ports.first, 0, 1),  //
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, ports.last, 0, 3),   //
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 22),                  // destination port
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ports.first, 0, 2),  //
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, ports.last, 1, 0),   //
      BPF_STMT(BPF_RET | BPF_K, kSnapBytes),                   //
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{.len = program.size(), .filter = const_cast<sock_filter*>(program.data())};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

int openTap(Ports ports) {
  const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    std::perror("AF_PACKET");
    std::exit(1);
  }
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  // Loopback shows every packet twice, once on its way out.
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  setFilter(fd, ports);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  address.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
  bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return fd;
}

int64_t timestampOf(msghdr& header) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_TIMESTAMPNS)
      continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(item), sizeof at);
    return at.tv_sec * 1'000'000'000 + at.tv_nsec;
  }
  return 0;
}

class Tap {
 public:
  Tap(Ports ports, uint8_t captureTimeId) : ports_(ports), captureTimeId_(captureTimeId), fd_(openTap(ports)) {}

  void drain() {
    std::array<uint8_t, kSnapBytes> data{};
    std::array<uint8_t, 64> control{};
    for (;;) {
      iovec vector{.iov_base = data.data(), .iov_len = data.size()};
      msghdr header{};
      header.msg_iov = &vector;
      header.msg_iovlen = 1;
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      const ssize_t length = recvmsg(fd_, &header, MSG_DONTWAIT);
      if (length < 0)
        return;
      note(std::span(data).first(static_cast<size_t>(length)), timestampOf(header));
    }
  }

  void print() {
    for (const auto& [key, frame] : frames_) {
      const auto& [inbound, port, payloadType, timestamp] = key;
      std::printf("%s %" PRIu32 " %u %u %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu32 "\n",
                  inbound ? "in" : "out", timestamp, port, payloadType, frame.firstNs, frame.lastNs, frame.captureNs,
                  frame.packets, frame.bytes);
    }
    frames_.clear();
    std::puts("end");
    std::fflush(stdout);
  }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  void note(std::span<const uint8_t> ip, int64_t atNs) {
    constexpr size_t ipHeaderBytes = 20;
    if (ip.size() < ipHeaderBytes + kUdpHeaderBytes + 12)
      return;
    const uint16_t source = readU16(&ip[ipHeaderBytes]);
    const uint16_t destination = readU16(&ip[ipHeaderBytes + 2]);
    const auto rtp = ip.subspan(ipHeaderBytes + kUdpHeaderBytes);
    // RTP, not STUN, DTLS or RTCP (RFC 7983, RFC 5761).
    if (rtp[0] >> 6 != 2 || (rtp[1] >= 192 && rtp[1] <= 223))
      return;
    const bool inbound = ports_.contains(destination);
    if (inbound && ports_.contains(source))
      return;
    const auto payloadType = static_cast<uint8_t>(rtp[1] & 0x7F);
    Frame& frame = frames_[{inbound, inbound ? source : destination, payloadType, readU32(&rtp[4])}];
    // The packet itself is cut; its length is in the UDP header.
    const size_t udpBytes = readU16(&ip[ipHeaderBytes + 4]);
    const size_t headerBytes = kUdpHeaderBytes + rtpHeaderBytes(rtp);
    if (udpBytes > headerBytes)
      frame.bytes += static_cast<uint32_t>(udpBytes - headerBytes);
    if (frame.packets++ == 0)
      frame.firstNs = atNs;
    frame.lastNs = std::max(frame.lastNs, atNs);
    if (frame.captureNs == 0)
      frame.captureNs = captureTimeNs(rtp, captureTimeId_);
  }

  Ports ports_;
  uint8_t captureTimeId_;
  int fd_;
  std::map<FrameKey, Frame> frames_;
};

}  // namespace
}  // namespace nestri::bench

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "usage: rtp-tap FIRST_MEDIA_PORT LAST_MEDIA_PORT ABS_CAPTURE_TIME_ID\n");
    return 2;
  }
  const auto number = [arguments](int i) { return static_cast<uint16_t>(std::atoi(arguments[i])); };
  nestri::bench::Tap tap({number(1), number(2)}, static_cast<uint8_t>(number(3)));
  std::puts("ready");
  std::fflush(stdout);
  std::array<pollfd, 2> waits{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{tap.fd(), POLLIN, 0}};
  for (;;) {
    poll(waits.data(), waits.size(), -1);
    tap.drain();
    if ((waits[0].revents & (POLLIN | POLLHUP)) == 0)
      continue;
    std::array<char, 64> line{};
    if (read(STDIN_FILENO, line.data(), line.size()) <= 0)
      return 0;
    tap.print();
  }
}
