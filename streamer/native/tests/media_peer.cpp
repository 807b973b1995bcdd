// SPDX-License-Identifier: Apache-2.0
#include "media_peer.h"

#include <gst/rtp/rtp.h>
#include <gst/sdp/sdp.h>
#include <gst/video/video.h>
#include <gst/webrtc/webrtc.h>

#include <map>

#include "bytes.h"
#include "ice_agent.h"
#include "media_support.h"

namespace nestri::test {
namespace {

constexpr int kEchoStreamId = 1;
constexpr int kInputStreamIds[] = {4, 6};
constexpr guint8 kCaptureTimeId = 7;
constexpr guint8 kPlayoutDelayId = 8;

using DescriptionPtr = CPtr<GstWebRTCSessionDescription, &gst_webrtc_session_description_free>;

bool isStamped(GstRTPBuffer& rtp) {
  gpointer data = nullptr;
  guint size = 0;
  if (!gst_rtp_buffer_get_extension_onebyte_header(&rtp, kPlayoutDelayId, 0, &data, &size) || size != 3)
    return false;
  const auto* delay = static_cast<const uint8_t*>(data);
  if (delay[0] != 0 || delay[1] != 0 || delay[2] != 0)
    return false;
  return gst_rtp_buffer_get_extension_onebyte_header(&rtp, kCaptureTimeId, 0, &data, &size) && size == 8;
}

}  // namespace

struct Peer::Impl {
  Peer& peer;
  ObjectPtr<GstElement> pipeline;
  ObjectPtr<GstElement> webrtc;
  ObjectPtr<GstWebRTCDataChannel> echo;
  std::map<int, ObjectPtr<GstWebRTCDataChannel>> inputs;
  std::mutex mutex;
  std::vector<EchoMessage> echoes;
  std::set<uint32_t> timestamps;
  ObjectPtr<GstPad> videoPad;

  explicit Impl(Peer& owner) : peer(owner) {}

  static void onPad(GstElement* /*element*/, GstPad* pad, gpointer data) {
    auto& self = *static_cast<Impl*>(data);
    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC)
      return;
    const CapsPtr caps(gst_pad_get_current_caps(pad));
    const bool isVideo = capsText(caps.get()).find("media=(string)video") != std::string::npos;
    GstElement* sink = gst_element_factory_make("fakesink", nullptr);
    g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
    gst_bin_add(GST_BIN(self.pipeline.get()), sink);
    gst_element_sync_state_with_parent(sink);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, isVideo ? &Impl::onVideo : &Impl::onAudio, data, nullptr);
    gst_pad_link(pad, staticPad(sink, "sink").get());
    if (isVideo) {
      const std::scoped_lock lock(self.mutex);
      self.videoPad = share(pad);
    }
  }

  static GstPadProbeReturn onVideo(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
    auto& self = *static_cast<Impl*>(data);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    if (!gst_rtp_buffer_map(GST_PAD_PROBE_INFO_BUFFER(info), GST_MAP_READ, &rtp))
      return GST_PAD_PROBE_OK;
    ++self.peer.videoPackets;
    if (gst_rtp_buffer_get_marker(&rtp))
      ++self.peer.videoFrames;
    if (isStamped(rtp))
      ++self.peer.stampedPackets;
    {
      const std::scoped_lock lock(self.mutex);
      self.timestamps.insert(gst_rtp_buffer_get_timestamp(&rtp));
    }
    gst_rtp_buffer_unmap(&rtp);
    return GST_PAD_PROBE_OK;
  }

  static GstPadProbeReturn onAudio(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer data) {
    ++static_cast<Impl*>(data)->peer.audioPackets;
    return GST_PAD_PROBE_OK;
  }

  static void onEcho(GstWebRTCDataChannel* /*channel*/, GBytes* bytes, gpointer data) {
    auto& self = *static_cast<Impl*>(data);
    gsize size = 0;
    const auto* first = static_cast<const uint8_t*>(g_bytes_get_data(bytes, &size));
    if (size != 8)
      return;
    const std::scoped_lock lock(self.mutex);
    self.echoes.push_back({loadLe32(first), loadLe32(first + 4)});
  }

  ObjectPtr<GstWebRTCDataChannel> channel(int streamId) const {
    const StructurePtr options(
        gst_structure_new("options", "negotiated", G_TYPE_BOOLEAN, TRUE, "id", G_TYPE_INT, streamId, nullptr));
    GstWebRTCDataChannel* made = nullptr;
    g_signal_emit_by_name(webrtc.get(), "create-data-channel", "test", options.get(), &made);
    return ObjectPtr<GstWebRTCDataChannel>(made);
  }

  void apply(const char* action, GstWebRTCSessionDescription* description) const {
    const PromisePtr promise(gst_promise_new());
    g_signal_emit_by_name(webrtc.get(), action, description, promise.get());
    gst_promise_wait(promise.get());
  }
};

Peer::Peer() : impl_(std::make_unique<Impl>(*this)) {
  impl_->pipeline.reset(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("peer"))));
  impl_->webrtc = makeElement("webrtcbin", "peer-webrtc");
  g_object_set(impl_->webrtc.get(), "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", 0, nullptr);
  configureIce(impl_->webrtc.get());
  gst_bin_add(GST_BIN(impl_->pipeline.get()), impl_->webrtc.get());
  g_signal_connect(impl_->webrtc.get(), "pad-added", G_CALLBACK(&Impl::onPad), impl_.get());
  gst_element_set_state(impl_->pipeline.get(), GST_STATE_PLAYING);
  impl_->echo = impl_->channel(kEchoStreamId);
  // webrtcbin takes ids above 0 only before it has an association.
  for (const int streamId : kInputStreamIds)
    impl_->inputs[streamId] = impl_->channel(streamId);
  g_signal_connect(impl_->echo.get(), "on-message-data", G_CALLBACK(&Impl::onEcho), impl_.get());
}

Peer::~Peer() {
  gst_element_set_state(impl_->pipeline.get(), GST_STATE_NULL);
}

std::string Peer::answer(const std::string& offer) {
  GstSDPMessage* message = nullptr;
  gst_sdp_message_new_from_text(offer.c_str(), &message);
  const DescriptionPtr remote(gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message));
  impl_->apply("set-remote-description", remote.get());

  const PromisePtr promise(gst_promise_new());
  g_signal_emit_by_name(impl_->webrtc.get(), "create-answer", nullptr, promise.get());
  gst_promise_wait(promise.get());
  GstWebRTCSessionDescription* raw = nullptr;
  gst_structure_get(gst_promise_get_reply(promise.get()), "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &raw, nullptr);
  const DescriptionPtr local(raw);
  impl_->apply("set-local-description", local.get());
  eventually([&] {
    GstWebRTCICEGatheringState state = GST_WEBRTC_ICE_GATHERING_STATE_NEW;
    g_object_get(impl_->webrtc.get(), "ice-gathering-state", &state, nullptr);
    return state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE;
  });
  GstWebRTCSessionDescription* complete = nullptr;
  g_object_get(impl_->webrtc.get(), "local-description", &complete, nullptr);
  const DescriptionPtr gathered(complete);
  const CharsPtr text(gst_sdp_message_as_text(gathered->sdp));
  return text.get();
}

bool Peer::inputReady(int streamId) {
  GstWebRTCDataChannelState state = GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED;
  g_object_get(impl_->inputs[streamId].get(), "ready-state", &state, nullptr);
  return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN;
}

void Peer::sendInput(int streamId, std::span<const uint8_t> message) {
  const BytesPtr bytes(g_bytes_new(message.data(), message.size()));
  gst_webrtc_data_channel_send_data_full(impl_->inputs[streamId].get(), bytes.get(), nullptr);
}

void Peer::closeInput(int streamId) {
  gst_webrtc_data_channel_close(impl_->inputs[streamId].get());
}

void Peer::requestKeyFrame() {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->videoPad)
    gst_pad_send_event(impl_->videoPad.get(),
                       gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

std::vector<EchoMessage> Peer::echoes() {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->echoes;
}

std::set<uint32_t> Peer::timestamps() {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->timestamps;
}

}  // namespace nestri::test
