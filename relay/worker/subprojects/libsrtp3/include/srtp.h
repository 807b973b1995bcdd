// SPDX-License-Identifier: Apache-2.0
// The part of libsrtp 3's API that mediasoup's worker calls, on top of libsrtp 2. Version 3 makes the policy an opaque
// handle and takes separate input and output buffers with explicit capacities; version 2 works in place.
#pragma once

#include <srtp2/srtp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

// Error codes that version 2 does not have; the numbers are version 3's.
constexpr srtp_err_status_t srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
constexpr srtp_err_status_t srtp_err_status_cryptex_err = static_cast<srtp_err_status_t>(29);

// A version 2 policy that owns its key: version 2 keeps only a pointer to it.
struct srtp3_policy
{
	::srtp_policy_t policy{};
	// The longest master key (AES-256) and salt of any profile.
	uint8_t key[SRTP_MAX_KEY_LEN]{};
};

inline srtp_err_status_t srtp_policy_create(srtp3_policy** out)
{
	*out = new srtp3_policy();

	return srtp_err_status_ok;
}

inline void srtp_policy_destroy(srtp3_policy* policy)
{
	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp3_policy* policy, srtp_ssrc_t ssrc)
{
	policy->policy.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp3_policy* policy, srtp_profile_t profile)
{
	const auto status = srtp_crypto_policy_set_from_profile_for_rtp(&policy->policy.rtp, profile);

	return status != srtp_err_status_ok
	         ? status
	         : srtp_crypto_policy_set_from_profile_for_rtcp(&policy->policy.rtcp, profile);
}

inline srtp_err_status_t srtp_policy_add_key(
  srtp3_policy* policy,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* /*mki*/,
  size_t mkiLen)
{
	// The worker never uses a master key identifier (RFC 3711 section 3.1).
	if (keyLen + saltLen > sizeof(policy->key) || mkiLen != 0)
	{
		return srtp_err_status_bad_param;
	}

	std::memcpy(policy->key, key, keyLen);
	std::memcpy(policy->key + keyLen, salt, saltLen);
	policy->policy.key = policy->key;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp3_policy* policy, bool allow)
{
	policy->policy.allow_repeat_tx = allow ? 1 : 0;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp3_policy* policy, unsigned long size)
{
	policy->policy.window_size = size;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_create(srtp_t* session, srtp3_policy* policy)
{
	return ::srtp_create(session, &policy->policy);
}

inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

namespace srtp3
{
	// Runs a version 2 in-place transform from `in` into `out`. `growth` is the most that it may append.
	template<typename Transform>
	srtp_err_status_t apply(
	  Transform transform, srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t growth)
	{
		if (inLen + growth > *outLen)
		{
			return srtp_err_status_buffer_small;
		}

		if (out != in)
		{
			std::memcpy(out, in, inLen);
		}

		int len{ static_cast<int>(inLen) };
		const auto status = transform(session, out, &len);

		*outLen = static_cast<size_t>(len);

		return status;
	}
} // namespace srtp3

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* rtp, size_t rtpLen, uint8_t* srtp, size_t* srtpLen, size_t /*mkiIndex*/)
{
	constexpr srtp_err_status_t (*transform)(srtp_t, void*, int*) = ::srtp_protect;

	return srtp3::apply(transform, session, rtp, rtpLen, srtp, srtpLen, SRTP_MAX_TRAILER_LEN);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* srtp, size_t srtpLen, uint8_t* rtp, size_t* rtpLen)
{
	constexpr srtp_err_status_t (*transform)(srtp_t, void*, int*) = ::srtp_unprotect;

	return srtp3::apply(transform, session, srtp, srtpLen, rtp, rtpLen, 0);
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* rtcp, size_t rtcpLen, uint8_t* srtcp, size_t* srtcpLen, size_t /*mkiIndex*/)
{
	constexpr srtp_err_status_t (*transform)(srtp_t, void*, int*) = ::srtp_protect_rtcp;

	// SRTCP also carries its index (RFC 3711 section 3.4).
	return srtp3::apply(
	  transform, session, rtcp, rtcpLen, srtcp, srtcpLen, SRTP_MAX_TRAILER_LEN + sizeof(uint32_t));
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* srtcp, size_t srtcpLen, uint8_t* rtcp, size_t* rtcpLen)
{
	constexpr srtp_err_status_t (*transform)(srtp_t, void*, int*) = ::srtp_unprotect_rtcp;

	return srtp3::apply(transform, session, srtcp, srtcpLen, rtcp, rtcpLen, 0);
}

// From here on the name means version 3's handle.
#define srtp_policy_t srtp3_policy*
