// SPDX-License-Identifier: Apache-2.0
#include "data_channels.h"

#include "bytes.h"
#include "signals.h"

#include <gst/sctp/sctpreceivemeta.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace nestri {
namespace {

constexpr size_t kEchoBytes = 8;
/// Payload protocol identifier of a binary message (RFC 8831 §8).
constexpr uint32_t kBinaryPpid = 53;

/// The stream id in the name of one of sctpdec's pads.
std::optional<int> streamIdOf(GstPad* pad) {
  int streamId = -1;
  if (std::sscanf(GST_OBJECT_NAME(pad), "src_%d", &streamId) != 1)
    return std::nullopt;
  return streamId;
}

}  // namespace

struct DataChannels::State {
  explicit State(Context given) : context(std::move(given)) {}

  struct Input {
    std::shared_ptr<const std::string> viewer;
    bool toldReady = false;
  };

  const Context context;
  std::mutex mutex;
  ObjectPtr<GstWebRTCDataChannel> echo;
  bool associated = false;
  std::map<int, Input> inputs;
  /// Our ends of sctpdec's pads.
  std::map<int, ObjectPtr<GstPad>> pads;

  static void onElement(GstBin*, GstBin*, GstElement* element, gpointer data);
  static void onStream(GstElement* decoder, GstPad* pad, gpointer data);
  static void onStreamGone(GstElement* decoder, GstPad* pad, gpointer data);
  static GstFlowReturn onMessage(GstPad* pad, GstObject*, GstBuffer* buffer);
  static void onAssociated(GstWebRTCDataChannel*, gpointer data);

  void handle(int streamId, GstBuffer* buffer);
  void release(int streamId);
  void tellReady();
};

/// What one stream's pad works with.
struct StreamEnd {
  std::shared_ptr<void> state;
  int streamId;
};

void DataChannels::State::onElement(GstBin* /*bin*/, GstBin* /*parent*/, GstElement* element, gpointer data) {
  const GstElementFactory* factory = gst_element_get_factory(element);
  if (factory == nullptr || g_strcmp0(GST_OBJECT_NAME(factory), "sctpdec") != 0)
    return;
  // Connected before webrtcbin connects its own: ours see each stream first.
  const auto& shared = *static_cast<std::shared_ptr<State>*>(data);
  connectShared(element, "pad-added", &State::onStream, shared);
  connectShared(element, "pad-removed", &State::onStreamGone, shared);
}

void DataChannels::State::onStream(GstElement* decoder, GstPad* pad, gpointer data) {
  const auto shared = *static_cast<std::shared_ptr<State>*>(data);
  const auto streamId = streamIdOf(pad);
  if (!streamId)
    return;
  // webrtcbin would make a channel of its own for it.
  g_signal_stop_emission_by_name(decoder, "pad-added");
  GstPad* raw = gst_pad_new("input", GST_PAD_SINK);
  ObjectPtr<GstPad> end(GST_PAD(gst_object_ref_sink(raw)));
  auto* stream = new StreamEnd{shared, *streamId};
  const auto destroy = [](gpointer value) { delete static_cast<StreamEnd*>(value); };
  gst_pad_set_chain_function_full(end.get(), &State::onMessage, stream, destroy);
  gst_pad_set_event_function(end.get(), [](GstPad*, GstObject*, GstEvent* event) -> gboolean {
    gst_event_unref(event);
    return TRUE;
  });
  gst_pad_set_active(end.get(), TRUE);
  // Should webrtcbin have come first after all, it loses the stream again.
  if (const ObjectPtr<GstPad> peer{gst_pad_get_peer(pad)})
    gst_pad_unlink(pad, peer.get());
  if (gst_pad_link_full(pad, end.get(), GST_PAD_LINK_CHECK_NOTHING) != GST_PAD_LINK_OK) {
    shared->context.events(WarningEvent{"sctpdec", "stream " + std::to_string(*streamId) + " cannot be received"});
    return;
  }
  const std::scoped_lock lock(shared->mutex);
  shared->pads[*streamId] = std::move(end);
}

void DataChannels::State::onStreamGone(GstElement* /*decoder*/, GstPad* pad, gpointer data) {
  State& self = fromC<State>(data);
  const auto streamId = streamIdOf(pad);
  if (!streamId)
    return;
  ObjectPtr<GstPad> end;
  {
    const std::scoped_lock lock(self.mutex);
    if (const auto found = self.pads.find(*streamId); found != self.pads.end()) {
      end = std::move(found->second);
      self.pads.erase(found);
    }
  }
  // The relay closed the channel: its viewer left, or lost its seat.
  self.release(*streamId);
}

GstFlowReturn DataChannels::State::onMessage(GstPad* pad, GstObject* /*parent*/, GstBuffer* buffer) {
  const BufferPtr message(buffer);
  const auto* stream = static_cast<const StreamEnd*>(pad->chaindata);
  static_cast<State*>(stream->state.get())->handle(stream->streamId, buffer);
  return GST_FLOW_OK;
}

void DataChannels::State::handle(int streamId, GstBuffer* buffer) {
  std::shared_ptr<const std::string> viewer;
  {
    const std::scoped_lock lock(mutex);
    if (const auto found = inputs.find(streamId); found != inputs.end())
      viewer = found->second.viewer;
  }
  if (!viewer)
    return;
  const GstSctpReceiveMeta* meta = gst_sctp_buffer_get_receive_meta(buffer);
  GstMapInfo map;
  if (meta == nullptr || gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE)
    return;
  // Text is no message of ours: an empty one is handed on, so that it is counted as refused.
  const size_t size = meta->ppid == kBinaryPpid ? map.size : 0;
  const bool accepted = context.hub->handle(*viewer, std::span<const uint8_t>(map.data, size));
  gst_buffer_unmap(buffer, &map);
  if (!accepted)
    return;
  if (const auto seq = context.hub->lastSeq())
    context.echo->injected(*seq, context.timeline->now());
}

void DataChannels::State::release(int streamId) {
  std::shared_ptr<const std::string> viewer;
  {
    const std::scoped_lock lock(mutex);
    if (const auto found = inputs.find(streamId); found != inputs.end()) {
      viewer = std::move(found->second.viewer);
      inputs.erase(found);
    }
  }
  if (viewer)
    context.hub->release(*viewer);
}

void DataChannels::State::onAssociated(GstWebRTCDataChannel* /*channel*/, gpointer data) {
  State& self = fromC<State>(data);
  {
    const std::scoped_lock lock(self.mutex);
    self.associated = true;
  }
  self.tellReady();
}

void DataChannels::State::tellReady() {
  std::vector<int> ready;
  {
    const std::scoped_lock lock(mutex);
    if (!associated)
      return;
    for (auto& [streamId, input] : inputs) {
      if (!std::exchange(input.toldReady, true))
        ready.push_back(streamId);
    }
  }
  for (const int streamId : ready)
    context.events(InputReadyEvent{streamId});
}

DataChannels::DataChannels(GstElement* webrtc, Context context)
    : webrtc_(webrtc), state_(std::make_shared<State>(std::move(context))) {
  connectShared(webrtc_, "deep-element-added", &State::onElement, state_);
}

DataChannels::~DataChannels() {
  std::map<int, State::Input> inputs;
  ObjectPtr<GstWebRTCDataChannel> echo;
  std::map<int, ObjectPtr<GstPad>> pads;
  {
    const std::scoped_lock lock(state_->mutex);
    inputs.swap(state_->inputs);
    pads.swap(state_->pads);
    echo = std::move(state_->echo);
  }
  for (const auto& [streamId, input] : inputs)
    state_->context.hub->release(*input.viewer);
}

Result<void> DataChannels::openEcho(int streamId) {
  const StructurePtr options(
      gst_structure_new("options", "negotiated", G_TYPE_BOOLEAN, TRUE, "id", G_TYPE_INT, streamId, nullptr));
  GstWebRTCDataChannel* raw = nullptr;
  g_signal_emit_by_name(webrtc_, "create-data-channel", "echo", options.get(), &raw);
  ObjectPtr<GstWebRTCDataChannel> channel(raw);
  if (!channel)
    return fail("ERR_WEBRTC", "webrtcbin: the echo channel cannot be opened (is the SCTP plugin installed?)");
  connectShared(channel.get(), "on-open", &State::onAssociated, state_);
  const std::scoped_lock lock(state_->mutex);
  state_->echo = std::move(channel);
  return {};
}

void DataChannels::sendEcho(uint32_t rtpTimestamp, uint32_t seq) {
  ObjectPtr<GstWebRTCDataChannel> channel;
  {
    const std::scoped_lock lock(state_->mutex);
    if (!state_->associated || !state_->echo)
      return;
    channel = share(state_->echo.get());
  }
  uint8_t message[kEchoBytes];
  storeLe32(message, rtpTimestamp);
  storeLe32(message + 4, seq);
  const BytesPtr bytes(g_bytes_new(message, sizeof(message)));
  gst_webrtc_data_channel_send_data_full(channel.get(), bytes.get(), nullptr);
}

void DataChannels::openInput(const std::string& viewer, int streamId) {
  closeInput(streamId);
  {
    const std::scoped_lock lock(state_->mutex);
    state_->inputs[streamId] = {std::make_shared<const std::string>(viewer), false};
  }
  state_->tellReady();
}

void DataChannels::closeInput(int streamId) {
  state_->release(streamId);
}

}  // namespace nestri
