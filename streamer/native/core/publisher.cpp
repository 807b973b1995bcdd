// SPDX-License-Identifier: Apache-2.0
#include "publisher.h"

#include "bytes.h"
#include "ice_agent.h"
#include "signals.h"

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include <atomic>
#include <chrono>
#include <utility>

namespace nestri {
namespace {

constexpr std::chrono::milliseconds kAnswerTimeout{10'000};

using SessionDescriptionPtr = CPtr<GstWebRTCSessionDescription, &gst_webrtc_session_description_free>;

/// W3C name of a connection state.
std::string connectionName(GstElement* webrtc) {
  GstWebRTCPeerConnectionState state = GST_WEBRTC_PEER_CONNECTION_STATE_NEW;
  g_object_get(webrtc, "connection-state", &state, nullptr);
  switch (state) {
    case GST_WEBRTC_PEER_CONNECTION_STATE_NEW:
      return "new";
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTING:
      return "connecting";
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED:
      return "connected";
    case GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED:
      return "disconnected";
    case GST_WEBRTC_PEER_CONNECTION_STATE_FAILED:
      return "failed";
    case GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED:
      return "closed";
  }
  return "failed";
}

/// The error that a webrtcbin promise was answered with, or nothing.
std::string promiseError(GstPromise* promise) {
  if (gst_promise_wait(promise) != GST_PROMISE_RESULT_REPLIED)
    return "webrtcbin gave no answer";
  const GstStructure* reply = gst_promise_get_reply(promise);
  if (reply == nullptr || gst_structure_has_field(reply, "error") == FALSE)
    return {};
  GError* raw = nullptr;
  gst_structure_get(reply, "error", G_TYPE_ERROR, &raw, nullptr);
  const ErrorPtr error(raw);
  return error ? error->message : "webrtcbin refused";
}

/// Calls `onSent` for an access unit's last packet on its way into the socket. SRTP leaves RTP headers in the clear.
void noteSent(const std::function<void(uint32_t, unsigned)>& onSent, GstBuffer* buffer) {
  uint8_t header[8];
  if (gst_buffer_extract(buffer, 0, header, sizeof(header)) != sizeof(header))
    return;
  // RFC 7983: 128..191 is RTP or RTCP; RFC 5761: RTCP has packet types 192..223.
  const bool isRtp = (header[0] & 0xC0) == 0x80 && (header[1] < 192 || header[1] > 223);
  const bool marker = (header[1] & 0x80) != 0;
  if (isRtp && marker)
    onSent(loadBe32(header + 4), header[1] & 0x7F);
}

}  // namespace

/// What webrtcbin's callbacks work with; they share it, because one may run while the publisher goes away.
struct Publisher::State {
  explicit State(Options given) : options(std::move(given)) {}

  const Options options;
  std::atomic<bool> offered{false};
  std::atomic<bool> retired{false};
  /// Kept between the promises of one offer; only webrtcbin's thread touches it.
  std::string offerSdp;
  /// Weak: its callbacks run only while it exists.
  GstElement* webrtc = nullptr;

  void emit(Event event) const {
    if (!retired.load())
      options.events(std::move(event));
  }

  static void onElement(GstBin*, GstBin*, GstElement* element, gpointer data);
  static GstPadProbeReturn onPackets(GstPad*, GstPadProbeInfo* info, gpointer data);
  static void onNegotiationNeeded(GstElement* webrtc, gpointer data);
  static void onOffer(GstPromise* promise, gpointer data);
  static void onLocalDescription(GstPromise* promise, gpointer data);
  static void onConnectionState(GstElement* webrtc, GParamSpec*, gpointer data);
};

void Publisher::State::onElement(GstBin* /*bin*/, GstBin* /*parent*/, GstElement* element, gpointer data) {
  const GstElementFactory* factory = gst_element_get_factory(element);
  const char* name = factory != nullptr ? GST_OBJECT_NAME(factory) : nullptr;
  // Frames are sent as soon as they are encoded: no element may hold them until a clock strikes.
  if (g_strcmp0(name, "clocksync") == 0)
    g_object_set(element, "sync", FALSE, nullptr);
  if (g_strcmp0(name, "nicesink") == 0) {
    constexpr auto packets = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
    auto shared = *static_cast<std::shared_ptr<State>*>(data);
    gst_pad_add_probe(staticPad(element, "sink").get(), packets, &State::onPackets, shareWithC(std::move(shared)),
                      releaseFromC<State>);
  }
}

GstPadProbeReturn Publisher::State::onPackets(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
  const auto& onSent = fromC<State>(data).options.onSent;
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    noteSent(onSent, GST_PAD_PROBE_INFO_BUFFER(info));
    return GST_PAD_PROBE_OK;
  }
  GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
  if (const guint length = gst_buffer_list_length(list); length > 0)
    noteSent(onSent, gst_buffer_list_get(list, length - 1));
  return GST_PAD_PROBE_OK;
}

void Publisher::State::onNegotiationNeeded(GstElement* webrtc, gpointer data) {
  const auto shared = *static_cast<std::shared_ptr<State>*>(data);
  if (shared->offered.exchange(true))
    return;
  const PromisePtr promise(gst_promise_new_with_change_func(&State::onOffer, shareWithC(shared), releaseFromC<State>));
  g_signal_emit_by_name(webrtc, "create-offer", nullptr, promise.get());
}

void Publisher::State::onOffer(GstPromise* promise, gpointer data) {
  const auto shared = *static_cast<std::shared_ptr<State>*>(data);
  if (const std::string error = promiseError(promise); !error.empty()) {
    shared->emit(ErrorEvent{"encoder", "webrtcbin", error});
    return;
  }
  GstWebRTCSessionDescription* raw = nullptr;
  gst_structure_get(gst_promise_get_reply(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &raw, nullptr);
  const SessionDescriptionPtr offer(raw);
  const CharsPtr text(gst_sdp_message_as_text(offer->sdp));
  shared->offerSdp = text.get();
  const PromisePtr local(
      gst_promise_new_with_change_func(&State::onLocalDescription, shareWithC(shared), releaseFromC<State>));
  g_signal_emit_by_name(shared->webrtc, "set-local-description", offer.get(), local.get());
}

void Publisher::State::onLocalDescription(GstPromise* promise, gpointer data) {
  const State& self = fromC<State>(data);
  if (std::string error = promiseError(promise); !error.empty()) {
    self.emit(ErrorEvent{"encoder", "webrtcbin", std::move(error)});
  } else {
    self.emit(OfferEvent{self.offerSdp});
  }
}

void Publisher::State::onConnectionState(GstElement* webrtc, GParamSpec* /*spec*/, gpointer data) {
  const State& self = fromC<State>(data);
  const std::string name = connectionName(webrtc);
  self.options.onConnection(name == "connected");
  self.emit(ConnectionEvent{name});
}

Publisher::Publisher(ObjectPtr<GstElement> webrtc, std::shared_ptr<State> state)
    : webrtc_(std::move(webrtc)), state_(std::move(state)) {}

Publisher::~Publisher() = default;

Result<std::unique_ptr<Publisher>> Publisher::create(GstElement* pipeline, Options options) {
  ObjectPtr<GstElement> webrtc = makeElement("webrtcbin", "webrtc");
  if (!webrtc)
    return fail("ERR_PLUGIN", "webrtcbin is not installed");
  g_object_set(webrtc.get(), "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", 0, nullptr);
  if (!options.stunServer.empty())
    g_object_set(webrtc.get(), "stun-server", options.stunServer.c_str(), nullptr);
  configureIce(webrtc.get());
  auto state = std::make_shared<State>(std::move(options));
  state->webrtc = webrtc.get();
  connectShared(webrtc.get(), "deep-element-added", &State::onElement, state);
  connectShared(webrtc.get(), "on-negotiation-needed", &State::onNegotiationNeeded, state);
  connectShared(webrtc.get(), "notify::connection-state", &State::onConnectionState, state);
  gst_bin_add(GST_BIN(pipeline), webrtc.get());
  return std::unique_ptr<Publisher>(new Publisher(std::move(webrtc), std::move(state)));
}

void Publisher::retire() {
  state_->retired.store(true);
}

Result<ObjectPtr<GstPad>> Publisher::addInput(const char* msid, bool nack) {
  ObjectPtr<GstPad> pad(gst_element_request_pad_simple(webrtc_.get(), "sink_%u"));
  if (!pad)
    return fail("ERR_WEBRTC", "webrtcbin: no input pad");
  g_object_set(pad.get(), "msid", msid, nullptr);
  GstWebRTCRTPTransceiver* raw = nullptr;
  g_object_get(pad.get(), "transceiver", &raw, nullptr);
  const GObjectPtr<GstWebRTCRTPTransceiver> transceiver(raw);
  g_object_set(transceiver.get(), "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "do-nack",
               static_cast<gboolean>(nack), nullptr);
  return pad;
}

Result<void> Publisher::setAnswer(const std::string& sdp, const std::shared_ptr<Interrupt>& interrupt) {
  GstSDPMessage* message = nullptr;
  if (gst_sdp_message_new_from_text(sdp.c_str(), &message) != GST_SDP_OK)
    return fail("ERR_WEBRTC", "webrtcbin: the answer is not SDP");
  const SessionDescriptionPtr answer(gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message));

  struct Waiter {
    std::shared_ptr<Interrupt> interrupt;
    bool answered = false;
    std::string error;
  };
  auto waiter = std::make_shared<Waiter>(Waiter{interrupt});
  const GstPromiseChangeFunc onReply = [](GstPromise* promise, gpointer data) {
    Waiter& self = fromC<Waiter>(data);
    std::string error = promiseError(promise);
    self.interrupt->notify([&] {
      self.error = std::move(error);
      self.answered = true;
    });
  };
  const PromisePtr promise(gst_promise_new_with_change_func(onReply, shareWithC(waiter), releaseFromC<Waiter>));
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", answer.get(), promise.get());
  if (!interrupt->waitFor(kAnswerTimeout, [&] { return waiter->answered; }))
    return fail("ERR_WEBRTC", "webrtcbin: no reply to the answer");
  if (!waiter->error.empty())
    return fail("ERR_WEBRTC", "webrtcbin: " + waiter->error);
  return {};
}

}  // namespace nestri
