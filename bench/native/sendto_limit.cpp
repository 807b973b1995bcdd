// SPDX-License-Identifier: Apache-2.0
// What the machine allows at best with one system call per packet: encrypts frames of packets with AES-128-GCM as SRTP
// does, once for each destination, and hands each packet to sendto; or, with `gso`, all packets of a frame for one
// destination to one sendmsg with segmentation offload (UDP_SEGMENT). No protocol, no forwarding. Prints one line:
// `sent PACKETS received PACKETS cpu_us_per_packet FIGURE`.
//
//   sendto-limit sendto|gso DESTINATIONS SECONDS FRAMES_PER_SECOND PACKETS_PER_FRAME PACKET_BYTES SENDER_CPU SINK_CPU

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <thread>
#include <vector>

#include "bytes.h"
#include "srtp_gcm.h"

namespace nestri::bench {
namespace {

constexpr int kSinkBufferBytes = 4 << 20;
constexpr size_t kBufferBytes = 1500;
/// Most packets that the kernel takes in one call with segmentation offload (UDP_MAX_SEGMENTS of older kernels).
constexpr int kMaxSegments = 64;

struct Options {
  bool segmented;
  int destinations;
  int seconds;
  int framesPerSecond;
  int packetsPerFrame;
  size_t packetBytes;
  int senderCpu;
  int sinkCpu;
};

void pinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

int64_t clockNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

struct Sinks {
  std::vector<int> sockets;
  std::vector<sockaddr_in> addresses;
  std::atomic<uint64_t> received = 0;
  std::atomic<bool> stop = false;

  explicit Sinks(int count) {
    for (int i = 0; i < count; ++i) {
      sockaddr_in address{};
      socklen_t length = sizeof address;
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kSinkBufferBytes, sizeof kSinkBufferBytes);
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
      sockets.push_back(fd);
      addresses.push_back(address);
    }
  }

  void drain() {
    std::vector<pollfd> waits;
    for (const int fd : sockets)
      waits.push_back({fd, POLLIN, 0});
    std::array<uint8_t, kBufferBytes> buffer{};
    while (!stop) {
      poll(waits.data(), waits.size(), 100);
      for (const pollfd& wait : waits) {
        if ((wait.revents & POLLIN) == 0)
          continue;
        while (recv(wait.fd, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0)
          ++received;
      }
    }
  }
};

/// Writes one encrypted packet to `buffer`; returns its length.
size_t writePacket(std::span<uint8_t> buffer, const Options& options, SrtpGcm& key, uint16_t sequence) {
  buffer[0] = 0x80;
  buffer[1] = 96;
  writeU16(&buffer[2], sequence);
  writeU32(&buffer[8], 1);
  return key.protectRtp(buffer, options.packetBytes);
}

/// One frame to every destination, packet by packet as a relay gets it.
void sendFrameSingly(int fd, const Options& options, Sinks& sinks, std::vector<SrtpGcm>& keys, uint16_t sequence) {
  std::array<uint8_t, kBufferBytes> buffer;
  for (int packet = 0; packet < options.packetsPerFrame; ++packet) {
    for (size_t i = 0; i < keys.size(); ++i) {
      const size_t length = writePacket(buffer, options, keys[i], static_cast<uint16_t>(sequence + packet));
      const auto* to = reinterpret_cast<const sockaddr*>(&sinks.addresses[i]);
      sendto(fd, buffer.data(), length, 0, to, sizeof sinks.addresses[i]);
    }
  }
}

/// The same with one system call for each destination.
void sendFrameSegmented(int fd, const Options& options, Sinks& sinks, std::vector<SrtpGcm>& keys, uint16_t sequence) {
  static std::array<uint8_t, kBufferBytes * kMaxSegments> buffer;
  for (size_t i = 0; i < keys.size(); ++i) {
    size_t length = 0;
    for (int packet = 0; packet < options.packetsPerFrame; ++packet)
      length +=
          writePacket(std::span(buffer).subspan(length), options, keys[i], static_cast<uint16_t>(sequence + packet));
    const auto segment = static_cast<uint16_t>(options.packetBytes + kSrtpTagBytes);
    std::array<uint8_t, CMSG_SPACE(sizeof segment)> control{};
    iovec vector{.iov_base = buffer.data(), .iov_len = length};
    msghdr header{};
    header.msg_name = &sinks.addresses[i];
    header.msg_namelen = sizeof sinks.addresses[i];
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_UDP;
    item->cmsg_type = UDP_SEGMENT;
    item->cmsg_len = CMSG_LEN(sizeof segment);
    std::memcpy(CMSG_DATA(item), &segment, sizeof segment);
    sendmsg(fd, &header, 0);
  }
}

void run(const Options& options) {
  Sinks sinks(options.destinations);
  std::thread reader([&] {
    pinTo(options.sinkCpu);
    sinks.drain();
  });
  pinTo(options.senderCpu);
  std::vector<SrtpGcm> keys;
  for (int i = 0; i < options.destinations; ++i) {
    SrtpMaster master{};
    master.key.fill(static_cast<uint8_t>(i + 1));
    keys.emplace_back(master);
  }
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  uint16_t sequence = 0;
  uint64_t sent = 0;
  const auto send = options.segmented ? sendFrameSegmented : sendFrameSingly;
  const int64_t cpuBefore = clockNs(CLOCK_THREAD_CPUTIME_ID);
  const int64_t startNs = clockNs(CLOCK_MONOTONIC);
  const int64_t frameNs = 1'000'000'000 / options.framesPerSecond;
  for (int64_t frame = 0; frame < static_cast<int64_t>(options.seconds) * options.framesPerSecond; ++frame) {
    const int64_t dueNs = startNs + frame * frameNs;
    const timespec due{.tv_sec = dueNs / 1'000'000'000, .tv_nsec = dueNs % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
    send(fd, options, sinks, keys, sequence);
    sequence = static_cast<uint16_t>(sequence + options.packetsPerFrame);
    sent += static_cast<uint64_t>(options.packetsPerFrame) * keys.size();
  }
  const int64_t cpuNs = clockNs(CLOCK_THREAD_CPUTIME_ID) - cpuBefore;
  usleep(200'000);
  sinks.stop = true;
  reader.join();
  std::printf("sent %" PRIu64 " received %" PRIu64 " cpu_us_per_packet %.3f\n", sent, sinks.received.load(),
              static_cast<double>(cpuNs) / 1000.0 / static_cast<double>(sent));
}

}  // namespace
}  // namespace nestri::bench

int main(int count, char** arguments) {
  const std::string_view how = count == 9 ? arguments[1] : "";
  const auto number = [arguments](int i) { return std::atoi(arguments[i]); };
  if ((how != "sendto" && how != "gso") || number(5) > nestri::bench::kMaxSegments || number(6) > 1400) {
    std::fprintf(stderr, "usage: sendto-limit sendto|gso DESTINATIONS SECONDS FRAMES_PER_SECOND PACKETS_PER_FRAME "
                         "PACKET_BYTES SENDER_CPU SINK_CPU\n");
    return 2;
  }
  nestri::bench::run(
      {how == "gso", number(2), number(3), number(4), number(5), static_cast<size_t>(number(6)), number(7), number(8)});
  return 0;
}
