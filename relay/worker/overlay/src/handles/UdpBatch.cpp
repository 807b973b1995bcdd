// SPDX-License-Identifier: Apache-2.0
#define MS_CLASS "UdpBatch"

#include "handles/UdpBatch.hpp"
#include "DepLibUV.hpp"
#include "Logger.hpp"
#include <cerrno>
#include <cstdlib> // std::getenv()
#include <cstring> // std::memcpy(), std::memcmp()
#include <netinet/udp.h>

/* Static. */

// The kernel takes 64 segments at least, and 65507 bytes at most (IPv4's largest datagram).
static constexpr size_t MaxSegments{ 64 };
static constexpr size_t MaxBytes{ 65000 };
// No path carries larger ones unfragmented, and fragments cannot be segments.
static constexpr size_t MaxSegmentLen{ 1472 };
// A burst from the origin is read within this time; what takes longer goes out in parts.
static constexpr uint64_t MaxAgeNs{ 1000000 };
// One destination behind a small MTU fails now and then between others that work. A kernel or a network card that
// cannot do it always fails.
static constexpr size_t MaxFailuresInARow{ 16 };

static bool isSwitchedOff()
{
	const char* value = std::getenv("NESTRI_UDP_SEGMENTATION");

	return value && std::strcmp(value, "off") == 0;
}

static size_t lengthOf(const struct sockaddr* addr)
{
	return addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static bool areEqual(const struct sockaddr* a, const struct sockaddr* b)
{
	if (a->sa_family != b->sa_family)
	{
		return false;
	}

	if (a->sa_family == AF_INET)
	{
		const auto* a4 = reinterpret_cast<const struct sockaddr_in*>(a);
		const auto* b4 = reinterpret_cast<const struct sockaddr_in*>(b);

		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	}

	const auto* a6 = reinterpret_cast<const struct sockaddr_in6*>(a);
	const auto* b6 = reinterpret_cast<const struct sockaddr_in6*>(b);

	return a6->sin6_port == b6->sin6_port && a6->sin6_scope_id == b6->sin6_scope_id &&
	       std::memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

/* Instance methods. */

UdpBatch::UdpBatch(uv_udp_t* uvHandle, SendOne sendOne, size_t& sentBytes)
  : uvHandle(uvHandle), sendOne(std::move(sendOne)), sentBytes(sentBytes), off(isSwitchedOff())
{
	MS_TRACE();
}

UdpBatch::~UdpBatch()
{
	MS_TRACE();

	Close();
}

bool UdpBatch::Add(const uint8_t* data, size_t len, const struct sockaddr* addr)
{
	MS_TRACE();

	if (this->off)
	{
		return false;
	}

	const auto nowNs = uv_hrtime();

	if (this->pendingCount != 0 && nowNs - this->oldestAtNs > MaxAgeNs)
	{
		Flush();
	}

	auto& pending = FindPending(addr);

	if (len > MaxSegmentLen)
	{
		// It must not overtake what waits for the same destination.
		Send(pending);

		return false;
	}

	const bool endsWithShorter = pending.data.size() != pending.segmentLen * pending.segments;

	if (endsWithShorter || len > pending.segmentLen || pending.segments == MaxSegments || pending.data.size() + len > MaxBytes)
	{
		Send(pending);
		pending.segmentLen = len;
	}

	if (this->oldestAtNs == 0)
	{
		this->oldestAtNs = nowNs;
		StartHandles();
	}

	pending.data.insert(pending.data.end(), data, data + len);
	++pending.segments;

	return true;
}

void UdpBatch::Flush()
{
	MS_TRACE();

	for (size_t i{ 0 }; i < this->pendingCount; ++i)
	{
		Send(this->pendings[i]);
	}

	this->pendingCount = 0;
	this->lastIndex    = 0;
	this->oldestAtNs   = 0;

	if (this->checkHandle)
	{
		uv_check_stop(this->checkHandle);
		uv_prepare_stop(this->prepareHandle);
	}
}

void UdpBatch::Close()
{
	MS_TRACE();

	Flush();
	this->off = true;

	if (!this->checkHandle)
	{
		return;
	}

	uv_close(
	  reinterpret_cast<uv_handle_t*>(this->checkHandle),
	  [](uv_handle_t* handle) { delete reinterpret_cast<uv_check_t*>(handle); });
	uv_close(
	  reinterpret_cast<uv_handle_t*>(this->prepareHandle),
	  [](uv_handle_t* handle) { delete reinterpret_cast<uv_prepare_t*>(handle); });

	this->checkHandle   = nullptr;
	this->prepareHandle = nullptr;
}

// The handles run only while something waits, so that an idle socket costs nothing.
void UdpBatch::StartHandles()
{
	MS_TRACE();

	if (!this->checkHandle)
	{
		this->checkHandle         = new uv_check_t;
		this->prepareHandle       = new uv_prepare_t;
		this->checkHandle->data   = this;
		this->prepareHandle->data = this;
		uv_check_init(DepLibUV::GetLoop(), this->checkHandle);
		uv_prepare_init(DepLibUV::GetLoop(), this->prepareHandle);
	}

	uv_check_start(this->checkHandle, [](uv_check_t* handle) { static_cast<UdpBatch*>(handle->data)->Flush(); });
	uv_prepare_start(
	  this->prepareHandle, [](uv_prepare_t* handle) { static_cast<UdpBatch*>(handle->data)->Flush(); });
}

UdpBatch::Pending& UdpBatch::FindPending(const struct sockaddr* addr)
{
	MS_TRACE();

	for (size_t i{ 0 }; i < this->pendingCount; ++i)
	{
		// Same destination as before, or the next one, in most cases.
		const auto index = (this->lastIndex + i) % this->pendingCount;
		auto& pending    = this->pendings[index];

		if (areEqual(reinterpret_cast<const struct sockaddr*>(&pending.addr), addr))
		{
			this->lastIndex = index;

			return pending;
		}
	}

	if (this->pendingCount == this->pendings.size())
	{
		this->pendings.emplace_back();
	}

	this->lastIndex = this->pendingCount++;

	auto& pending = this->pendings[this->lastIndex];

	std::memcpy(&pending.addr, addr, lengthOf(addr));

	return pending;
}

void UdpBatch::Send(Pending& pending)
{
	MS_TRACE();

	if (pending.segments == 1 || (pending.segments > 1 && !SendSegmented(pending)))
	{
		SendOneByOne(pending);
	}

	pending.data.clear();
	pending.segments   = 0;
	pending.segmentLen = 0;
}

bool UdpBatch::SendSegmented(const Pending& pending)
{
	MS_TRACE();

	// What libuv has queued goes first.
	if (uv_udp_get_send_queue_count(this->uvHandle) != 0)
	{
		return false;
	}

	uv_os_fd_t fd;

	if (uv_fileno(reinterpret_cast<const uv_handle_t*>(this->uvHandle), &fd) != 0)
	{
		return false;
	}

	const auto* addr = reinterpret_cast<const struct sockaddr*>(&pending.addr);
	struct iovec data{ const_cast<uint8_t*>(pending.data.data()), pending.data.size() };
	alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))]{};
	struct msghdr message{};

	message.msg_name       = const_cast<struct sockaddr*>(addr);
	message.msg_namelen    = lengthOf(addr);
	message.msg_iov        = &data;
	message.msg_iovlen     = 1;
	message.msg_control    = control;
	message.msg_controllen = sizeof(control);

	auto* header             = CMSG_FIRSTHDR(&message);
	const auto segmentLen    = static_cast<uint16_t>(pending.segmentLen);

	header->cmsg_level = SOL_UDP;
	header->cmsg_type  = UDP_SEGMENT;
	header->cmsg_len   = CMSG_LEN(sizeof(segmentLen));
	std::memcpy(CMSG_DATA(header), &segmentLen, sizeof(segmentLen));

	const auto sent = sendmsg(fd, &message, MSG_DONTWAIT);

	if (sent == static_cast<ssize_t>(pending.data.size()))
	{
		this->sentBytes += sent;
		this->failuresInARow = 0;

		return true;
	}

	// A full buffer says nothing about segmentation.
	if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS && ++this->failuresInARow == MaxFailuresInARow)
	{
		MS_WARN_TAG(info, "UDP segmentation switched off: %s", std::strerror(errno));

		this->off = true;
	}

	return false;
}

void UdpBatch::SendOneByOne(const Pending& pending)
{
	MS_TRACE();

	const auto* addr = reinterpret_cast<const struct sockaddr*>(&pending.addr);

	for (size_t at{ 0 }; at < pending.data.size(); at += pending.segmentLen)
	{
		const auto len = std::min(pending.segmentLen, pending.data.size() - at);

		this->sendOne(pending.data.data() + at, len, addr);
	}
}
