// SPDX-License-Identifier: Apache-2.0
// RTP header extensions and caps, asserted on packets: an extension can be in an SDP and never be stamped.

#include <doctest/doctest.h>

#include <gst/check/gstharness.h>
#include <gst/rtp/rtp.h>

#include <array>
#include <map>

#include "caps_edit.h"
#include "rtp_extensions.h"

using namespace nestri;

namespace {

/// x264enc adds this to every timestamp.
constexpr GstClockTime kHourShift = 1000 * 3600 * GST_SECOND;

using HarnessPtr = CPtr<GstHarness, &gst_harness_teardown>;

/// Header extensions of a packet: id to bytes (RFC 8285, one-byte headers).
std::map<int, std::string> extensionsOf(GstBuffer* packet) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  REQUIRE(gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp));
  guint16 pattern = 0;
  gpointer data = nullptr;
  guint words = 0;
  std::map<int, std::string> found;
  if (gst_rtp_buffer_get_extension_data(&rtp, &pattern, &data, &words)) {
    CHECK(pattern == 0xBEDE);
    const auto* bytes = static_cast<const char*>(data);
    for (guint i = 0; i < words * 4;) {
      const auto header = static_cast<uint8_t>(bytes[i]);
      const size_t size = (header & 15U) + 1;
      if (header == 0) {
        ++i;
        continue;
      }
      found[header >> 4] = std::string(bytes + i + 1, size);
      i += 1 + size;
    }
  }
  gst_rtp_buffer_unmap(&rtp);
  return found;
}

uint64_t bigEndian64(const std::string& bytes) {
  uint64_t value = 0;
  for (const char byte : bytes)
    value = (value << 8) | static_cast<uint8_t>(byte);
  return value;
}

/// A VP8 frame of so many bytes: large enough for several packets.
GstBuffer* frameOf(size_t bytes, GstClockTime pts) {
  GstBuffer* frame = gst_buffer_new_allocate(nullptr, bytes, nullptr);
  gst_buffer_memset(frame, 0, 0x10, bytes);
  // A key frame's header (RFC 6386 §9.1), so that the payloader can read it.
  constexpr std::array<uint8_t, 10> header{0x50, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x70, 0x01};
  gst_buffer_fill(frame, 0, header.data(), header.size());
  GST_BUFFER_PTS(frame) = pts;
  return frame;
}

}  // namespace

TEST_CASE(
    "every packet of a frame carries playout-delay 0/0, the capture time, a transport sequence number and the MID") {
  const Timeline timeline;
  const HarnessPtr harness(gst_harness_new("rtpvp8pay"));
  REQUIRE(addExtensions(harness->element, {.absCaptureTime = 7, .playoutDelay = 8, .transportWideCc = 5, .mid = 1},
                        timeline, "video0"));
  g_object_set(harness->element, "mtu", 1200, nullptr);
  gst_harness_set_src_caps_str(harness.get(), "video/x-vp8");
  // As behind x264enc: timestamps shifted by 1000 h, running time as captured.
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.position = kHourShift;
  gst_harness_push_event(harness.get(), gst_event_new_segment(&segment));

  const int64_t capturedAt = timeline.now();
  const int64_t unixUs = g_get_real_time();
  REQUIRE(gst_harness_push(harness.get(), frameOf(5000, kHourShift + static_cast<GstClockTime>(capturedAt))) ==
          GST_FLOW_OK);
  const guint packets = gst_harness_buffers_in_queue(harness.get());
  CHECK(packets >= 5);
  for (guint i = 0; i < packets; ++i) {
    const BufferPtr packet(gst_harness_pull(harness.get()));
    const auto extensions = extensionsOf(packet.get());
    REQUIRE(extensions.size() == 4);
    CHECK(extensions.at(8) == std::string("\0\0\0", 3));
    CHECK(extensions.at(1) == "video0");
    CHECK(extensions.at(5).size() == 2);
    REQUIRE(extensions.at(7).size() == 8);
    const uint64_t ntp = bigEndian64(extensions.at(7));
    const double seconds =
        static_cast<double>(ntp >> 32) - 2'208'988'800.0 + static_cast<double>(ntp & 0xFFFFFFFF) / 4294967296.0;
    CHECK(seconds * 1e3 == doctest::Approx(static_cast<double>(unixUs) / 1e3).epsilon(1e-9));
    CHECK(std::abs(seconds * 1e3 - static_cast<double>(unixUs) / 1e3) < 5);
  }
}

TEST_CASE("the extensions stand in the payloader's caps, where webrtcbin looks for them") {
  const Timeline timeline;
  const HarnessPtr harness(gst_harness_new("rtpvp8pay"));
  REQUIRE(addExtensions(harness->element, {.absCaptureTime = 7, .playoutDelay = 8, .transportWideCc = 5, .mid = 1},
                        timeline, "video0"));
  gst_harness_set_src_caps_str(harness.get(), "video/x-vp8");
  REQUIRE(gst_harness_push(harness.get(), frameOf(100, 0)) == GST_FLOW_OK);
  const CapsPtr caps(gst_pad_get_current_caps(harness->sinkpad));
  const std::string text = capsText(caps.get());
  CHECK(text.find(std::string("extmap-7=(string)") + kAbsCaptureTimeUri) != std::string::npos);
  CHECK(text.find(std::string("extmap-8=(string)") + kPlayoutDelayUri) != std::string::npos);
  CHECK(text.find("extmap-5=") != std::string::npos);
  CHECK(text.find("extmap-1=") != std::string::npos);
}

TEST_CASE("a moment of 1970 is a moment of NTP") {
  CHECK(ntpFromUnix(0) == 2'208'988'800ULL << 32);
  CHECK(ntpFromUnix(500'000'000) == ((2'208'988'800ULL << 32) | 0x80000000ULL));
}

TEST_CASE("the offer gets the promised profile, packetization and MID, and no parameter sets") {
  const CapsPtr actual(gst_caps_from_string(
      "application/x-rtp,payload=96,profile-level-id=(string)42c020,profile=(string)constrained-baseline,"
      "sprop-parameter-sets=(string)abc,extmap-7=(string)x,ssrc=(uint)5"));
  const CapsPtr wanted(
      gst_caps_from_string("application/x-rtp,packetization-mode=(string)1,profile-level-id=(string)42e02a"));
  const CapsPtr edited = rtpCapsForOffer(actual.get(), wanted.get(), "video0");
  const std::string text = capsText(edited.get());
  CHECK(text.find("profile-level-id=(string)42e02a") != std::string::npos);
  CHECK(text.find("packetization-mode=(string)1") != std::string::npos);
  CHECK(text.find("a-mid=(string)video0") != std::string::npos);
  CHECK(text.find("extmap-7=(string)x") != std::string::npos);
  CHECK(text.find("ssrc=(uint)5") != std::string::npos);
  CHECK(text.find("sprop") == std::string::npos);
}

TEST_CASE("a source that polls faster is announced to the encoder at the frame rate") {
  const CapsPtr polled(gst_caps_from_string("video/x-raw,format=BGRx,width=8,height=8,framerate=120/1"));
  CHECK(capsText(withFramerate(polled.get(), 60).get()).find("framerate=(fraction)60/1") != std::string::npos);
}
