// SPDX-License-Identifier: Apache-2.0
#include "peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace nestri::bench {
namespace {

constexpr int64_t kCheckEveryNs = 50'000'000;
constexpr int64_t kConsentEveryNs = 5'000'000'000;
constexpr int kReceiveBufferBytes = 4 << 20;
constexpr size_t kBatch = 32;
constexpr size_t kDatagramBytes = 2048;

/// What recvmmsg fills: one batch for all connections of the process, which are read one after the other.
struct Batch {
  std::array<std::array<uint8_t, kDatagramBytes>, kBatch> data;
  std::array<std::array<uint8_t, 64>, kBatch> control;
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> messages;

  void arm() {
    for (size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {.iov_base = data[i].data(), .iov_len = kDatagramBytes};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = control[i].data();
      messages[i].msg_hdr.msg_controllen = control[i].size();
    }
  }
};

int64_t timestampOf(msghdr& header) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_TIMESTAMPNS)
      continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(item), sizeof at);
    return at.tv_sec * 1'000'000'000 + at.tv_nsec;
  }
  return unixNs();
}

int openSocket(const sockaddr_in& relay) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  // FORCE needs CAP_NET_ADMIN; without it the system's limit holds.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof kReceiveBufferBytes) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&relay), sizeof relay) != 0) {
    std::perror("socket");
    std::exit(1);
  }
  return fd;
}

}  // namespace

int64_t unixNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

std::optional<sockaddr_in> ipv4(const std::string& address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1)
    return std::nullopt;
  return result;
}

Peer::Peer(const DtlsIdentity& identity, IceCredentials credentials, const sockaddr_in& relay, PeerEvents& events)
    : fd_(openSocket(relay)), credentials_(std::move(credentials)), events_(events), dtls_(identity, fd_) {}

Peer::~Peer() {
  close(fd_);
}

void Peer::tick(int64_t nowNs) {
  if (nowNs >= nextCheckNs_) {
    const auto request = bindingRequest(credentials_, ++serial_);
    send(fd_, request.data(), request.size(), 0);
    nextCheckNs_ = nowNs + (checked_ ? kConsentEveryNs : kCheckEveryNs);
  }
  if (checked_ && !connected())
    dtls_.advance();
}

void Peer::drain() {
  static thread_local Batch batch;
  for (;;) {
    batch.arm();
    const int count = recvmmsg(fd_, batch.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i) {
      auto& message = batch.messages[static_cast<size_t>(i)];
      receive(std::span(batch.data[static_cast<size_t>(i)]).first(message.msg_len), timestampOf(message.msg_hdr));
    }
    if (count < static_cast<int>(kBatch))
      return;
  }
}

void Peer::receive(std::span<uint8_t> datagram, int64_t arrivedUnixNs) {
  if (datagram.size() < 2)
    return;
  const uint8_t first = datagram[0];
  // First byte as in RFC 7983, then the RTCP packet types as in RFC 5761.
  if (first <= 3) {
    if (!checked_ && isBindingSuccess(datagram)) {
      checked_ = true;
      dtls_.advance();
    }
  } else if (first >= 20 && first <= 63) {
    dtls_.receive(datagram);
    if (!connected())
      finishHandshake();
  } else if (first >> 6 == 2 && connected()) {
    const bool rtcp = datagram[1] >= 192 && datagram[1] <= 223;
    const size_t length = rtcp ? inbound_->unprotectRtcp(datagram) : inbound_->unprotectRtp(datagram);
    if (length == 0) {
      events_.onForged(datagram);
    } else if (rtcp) {
      events_.onRtcp(datagram.first(length));
    } else {
      events_.onRtp(datagram.first(length), rtpHeaderBytes(datagram), arrivedUnixNs);
    }
  }
}

void Peer::finishHandshake() {
  const auto keys = dtls_.keys();
  if (!keys)
    return;
  inbound_ = std::make_unique<SrtpGcm>(keys->remote);
  outbound_ = std::make_unique<SrtpGcm>(keys->local);
  events_.onConnected();
}

void Peer::sendRtp(std::span<uint8_t> buffer, size_t lengthBytes) {
  if (outbound_ == nullptr)
    return;
  const size_t length = outbound_->protectRtp(buffer, lengthBytes);
  if (length > 0)
    send(fd_, buffer.data(), length, 0);
}

void Peer::sendRtcp(std::span<uint8_t> buffer, size_t lengthBytes) {
  if (outbound_ == nullptr)
    return;
  const size_t length = outbound_->protectRtcp(buffer, lengthBytes);
  if (length > 0)
    send(fd_, buffer.data(), length, 0);
}

}  // namespace nestri::bench
