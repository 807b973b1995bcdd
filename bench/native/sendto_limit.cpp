// SPDX-License-Identifier: Apache-2.0
// What the machine allows at best with one system call per packet: encrypts frames of packets with AES-128-GCM as SRTP
// does, once for each destination, and hands each packet to sendto. No protocol, no forwarding. Prints one line:
// `sent PACKETS received PACKETS cpu_us_per_packet FIGURE`.
//
//   sendto-limit DESTINATIONS SECONDS FRAMES_PER_SECOND PACKETS_PER_FRAME PACKET_BYTES SENDER_CPU SINK_CPU

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <vector>

#include "bytes.h"
#include "srtp_gcm.h"

namespace nestri::bench {
namespace {

constexpr int kSinkBufferBytes = 4 << 20;
constexpr size_t kBufferBytes = 1500;

struct Options {
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

/// One frame to every destination, packet by packet as a relay gets it. Returns the number of packets.
uint64_t sendFrame(int fd, const Options& options, const Sinks& sinks, std::vector<SrtpGcm>& keys, uint16_t& sequence) {
  for (int packet = 0; packet < options.packetsPerFrame; ++packet) {
    ++sequence;
    for (size_t i = 0; i < keys.size(); ++i) {
      std::array<uint8_t, kBufferBytes> buffer;
      buffer[0] = 0x80;
      buffer[1] = 96;
      writeU16(&buffer[2], sequence);
      writeU32(&buffer[8], 1);
      const size_t length = keys[i].protectRtp(buffer, options.packetBytes);
      const auto* to = reinterpret_cast<const sockaddr*>(&sinks.addresses[i]);
      sendto(fd, buffer.data(), length, 0, to, sizeof sinks.addresses[i]);
    }
  }
  return static_cast<uint64_t>(options.packetsPerFrame) * keys.size();
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
  sendFrame(fd, options, sinks, keys, sequence);
  const int64_t cpuBefore = clockNs(CLOCK_THREAD_CPUTIME_ID);
  const int64_t startNs = clockNs(CLOCK_MONOTONIC);
  const int64_t frameNs = 1'000'000'000 / options.framesPerSecond;
  for (int64_t frame = 0; frame < static_cast<int64_t>(options.seconds) * options.framesPerSecond; ++frame) {
    const int64_t dueNs = startNs + frame * frameNs;
    const timespec due{.tv_sec = dueNs / 1'000'000'000, .tv_nsec = dueNs % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
    sent += sendFrame(fd, options, sinks, keys, sequence);
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
  if (count != 8) {
    std::fprintf(stderr, "usage: sendto-limit DESTINATIONS SECONDS FRAMES_PER_SECOND PACKETS_PER_FRAME PACKET_BYTES "
                         "SENDER_CPU SINK_CPU\n");
    return 2;
  }
  const auto number = [arguments](int i) { return std::atoi(arguments[i]); };
  nestri::bench::run(
      {number(1), number(2), number(3), number(4), static_cast<size_t>(number(5)), number(6), number(7)});
  return 0;
}
