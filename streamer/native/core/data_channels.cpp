// SPDX-License-Identifier: Apache-2.0
#include "data_channels.h"

#include "signals.h"

#include <atomic>
#include <span>
#include <utility>
#include <vector>

namespace nestri {
namespace {

constexpr size_t kEchoBytes = 8;
/// The relay opens a channel per viewer; more strangers than this are not remembered.
constexpr size_t kMaxStrangers = 64;

GstWebRTCDataChannelState readyState(GstWebRTCDataChannel* channel) {
  GstWebRTCDataChannelState state = GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED;
  g_object_get(channel, "ready-state", &state, nullptr);
  return state;
}

}  // namespace

/// One input channel. Shared with its signal handlers.
struct DataChannels::Input {
  Context context;
  std::string viewer;
  int streamId;
  ObjectPtr<GstWebRTCDataChannel> channel;
  std::atomic<bool> closed{false};
  std::atomic<bool> toldReady{false};

  Input(Context given, std::string name, int id) : context(std::move(given)), viewer(std::move(name)), streamId(id) {}

  static void onData(GstWebRTCDataChannel*, GBytes* bytes, gpointer data) {
    Input& self = fromC<Input>(data);
    if (bytes == nullptr || self.closed.load())
      return;
    gsize size = 0;
    const auto* first = static_cast<const uint8_t*>(g_bytes_get_data(bytes, &size));
    if (!self.context.hub->handle(self.viewer, std::span(first, size)))
      return;
    if (const auto seq = self.context.hub->lastSeq())
      self.context.echo->injected(*seq, self.context.timeline->now());
  }

  static void onOpen(GstWebRTCDataChannel*, gpointer data) { fromC<Input>(data).tellReady(); }

  static void onClose(GstWebRTCDataChannel*, gpointer data) { fromC<Input>(data).letGo(); }

  static void connect(const std::shared_ptr<Input>& self) {
    connectShared(self->channel.get(), "on-message-data", &Input::onData, self);
    connectShared(self->channel.get(), "on-close", &Input::onClose, self);
    connectShared(self->channel.get(), "on-open", &Input::onOpen, self);
  }

  /// The handlers share this object and this object the channel: undone here, or neither would ever be freed.
  void disconnect() {
    for (const auto handler : {reinterpret_cast<gpointer>(&Input::onData), reinterpret_cast<gpointer>(&Input::onClose),
                               reinterpret_cast<gpointer>(&Input::onOpen)})
      g_signal_handlers_disconnect_matched(channel.get(), G_SIGNAL_MATCH_FUNC, 0, 0, nullptr, handler, nullptr);
    letGo();
  }

  void tellReady() {
    if (!toldReady.exchange(true))
      context.events(InputReadyEvent{streamId});
  }

  void letGo() {
    if (!closed.exchange(true))
      context.hub->release(viewer);
  }
};

struct DataChannels::Strangers {
  std::mutex mutex;
  std::vector<ObjectPtr<GstWebRTCDataChannel>> channels;

  static void onPrepare(GstElement*, GstWebRTCDataChannel* channel, gboolean isLocal, gpointer data) {
    if (isLocal != FALSE)
      return;
    Strangers& self = fromC<Strangers>(data);
    const std::scoped_lock lock(self.mutex);
    if (self.channels.size() < kMaxStrangers)
      self.channels.push_back(share(channel));
  }

  ObjectPtr<GstWebRTCDataChannel> take(int streamId) {
    const std::scoped_lock lock(mutex);
    for (auto it = channels.begin(); it != channels.end(); ++it) {
      gint id = -1;
      g_object_get(it->get(), "id", &id, nullptr);
      if (id != streamId)
        continue;
      ObjectPtr<GstWebRTCDataChannel> found = std::move(*it);
      channels.erase(it);
      if (readyState(found.get()) != GST_WEBRTC_DATA_CHANNEL_STATE_CLOSED)
        return found;
      return nullptr;
    }
    return nullptr;
  }
};

DataChannels::DataChannels(GstElement* webrtc, Context context)
    : webrtc_(webrtc), context_(std::move(context)), strangers_(std::make_shared<Strangers>()) {
  connectShared(webrtc_, "prepare-data-channel", &Strangers::onPrepare, strangers_);
}

DataChannels::~DataChannels() {
  for (const auto& [streamId, input] : inputs_)
    input->disconnect();
}

ObjectPtr<GstWebRTCDataChannel> DataChannels::create(const char* label, int streamId) {
  const StructurePtr options(
      gst_structure_new("options", "negotiated", G_TYPE_BOOLEAN, TRUE, "id", G_TYPE_INT, streamId, nullptr));
  GstWebRTCDataChannel* channel = nullptr;
  g_signal_emit_by_name(webrtc_, "create-data-channel", label, options.get(), &channel);
  return ObjectPtr<GstWebRTCDataChannel>(channel);
}

Result<void> DataChannels::openEcho(int streamId) {
  ObjectPtr<GstWebRTCDataChannel> channel = create("echo", streamId);
  if (!channel)
    return fail("ERR_WEBRTC", "webrtcbin: the echo channel cannot be opened (SCTP plugin missing?)");
  const std::scoped_lock lock(echoMutex_);
  echo_ = std::move(channel);
  return {};
}

void DataChannels::sendEcho(uint32_t rtpTimestamp, uint32_t seq) {
  const std::scoped_lock lock(echoMutex_);
  if (!echo_ || readyState(echo_.get()) != GST_WEBRTC_DATA_CHANNEL_STATE_OPEN)
    return;
  uint8_t message[kEchoBytes];
  GST_WRITE_UINT32_LE(message, rtpTimestamp);
  GST_WRITE_UINT32_LE(message + 4, seq);
  const BytesPtr bytes(g_bytes_new(message, sizeof(message)));
  gst_webrtc_data_channel_send_data_full(echo_.get(), bytes.get(), nullptr);
}

Result<void> DataChannels::openInput(const std::string& viewer, int streamId) {
  closeInput(streamId);
  auto input = std::make_shared<Input>(context_, viewer, streamId);
  input->channel = strangers_->take(streamId);
  const bool adopted = input->channel != nullptr;
  if (!adopted)
    input->channel = create("input", streamId);
  if (!input->channel)
    return fail("ERR_WEBRTC", "webrtcbin: input stream " + std::to_string(streamId) + " cannot be opened");
  Input::connect(input);
  inputs_[streamId] = input;
  // An adopted channel already receives, and a new one may have opened before the handler was connected.
  if (adopted || readyState(input->channel.get()) == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN)
    input->tellReady();
  return {};
}

void DataChannels::closeInput(int streamId) {
  const auto found = inputs_.find(streamId);
  if (found == inputs_.end())
    return;
  const std::shared_ptr<Input> input = std::move(found->second);
  inputs_.erase(found);
  input->disconnect();
  gst_webrtc_data_channel_close(input->channel.get());
}

}  // namespace nestri
