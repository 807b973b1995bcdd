// SPDX-License-Identifier: Apache-2.0
#include "encoder_pipeline.h"

#include "caps_edit.h"
#include "rtp_extensions.h"

#include <gst/rtp/rtp.h>
#include <gst/video/video.h>

#include <utility>

namespace nestri {
namespace {

// Different streams: a browser would hold the video back to play it in step with the audio.
constexpr const char* kVideoStream = "video";
constexpr const char* kAudioStream = "audio";
constexpr GstClockTime kStartTimeout = 5 * GST_SECOND;
/// Audio packets that may wait for the socket, 10 ms each; more only when the machine stands still.
constexpr guint64 kAudioQueuePackets = 20;

/// The element behind the ghost pad `name` of a bin.
ObjectPtr<GstElement> elementBehind(GstElement* bin, const char* name) {
  const ObjectPtr<GstPad> ghost = staticPad(bin, name);
  if (!ghost || !GST_IS_GHOST_PAD(ghost.get()))
    return nullptr;
  const ObjectPtr<GstPad> target(gst_ghost_pad_get_target(GST_GHOST_PAD(ghost.get())));
  return ObjectPtr<GstElement>(target ? gst_pad_get_parent_element(target.get()) : nullptr);
}

}  // namespace

EncoderPipeline::EncoderPipeline(const EncoderOptions& encoder, Context context)
    : encoderOptions_(encoder), context_(std::move(context)), ledger_(context_.counters) {}

Result<std::unique_ptr<EncoderPipeline>> EncoderPipeline::create(const EncoderOptions& encoder, Context context) {
  std::unique_ptr<EncoderPipeline> made(new EncoderPipeline(encoder, std::move(context)));
  if (auto built = made->build(); !built)
    return std::unexpected(built.error());
  return made;
}

EncoderPipeline::~EncoderPipeline() {
  stop();
}

void EncoderPipeline::stop() {
  if (stopped_ || !pipeline_)
    return;
  stopped_ = true;
  if (publisher_)
    publisher_->retire();
  // First wake the streaming thread that may be waiting for a frame, then stop it.
  context_.slot.interrupt();
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  dataChannels_.reset();
  watch_.reset();
}

Result<ObjectPtr<GstElement>> EncoderPipeline::parseBin(const std::string& text, const char* name) {
  GError* raw = nullptr;
  GstElement* bin = gst_parse_bin_from_description_full(text.c_str(), TRUE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw);
  const ErrorPtr error(raw);
  if (bin == nullptr)
    return fail("ERR_PIPELINE", std::string(name) + ": " + (error ? error->message : "cannot be built"));
  gst_object_set_name(GST_OBJECT(bin), name);
  gst_bin_add(GST_BIN(pipeline_.get()), bin);
  return ObjectPtr<GstElement>(GST_ELEMENT(gst_object_ref(bin)));
}

Result<void> EncoderPipeline::build() {
  pipeline_.reset(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("encoder-pipeline"))));
  context_.timeline->apply(pipeline_.get());
  // The latency of the elements is none of webrtcbin's business: nothing here plays in step with anything.
  gst_pipeline_set_latency(GST_PIPELINE(pipeline_.get()), 0);
  watch_.emplace(pipeline_.get(), [events = context_.events](const BusReport& report) {
    if (report.kind == BusReport::Kind::warning) {
      events(WarningEvent{report.element, report.message});
    } else {
      events(ErrorEvent{"encoder", report.element, report.message});
    }
  });
  auto publisher =
      Publisher::create(pipeline_.get(), {.stunServer = context_.options.stunServer,
                                          .events = context_.events,
                                          .onConnection = [this](bool connected) { onConnection(connected); },
                                          .onSent =
                                              [this](uint32_t rtpTimestamp, unsigned payloadType) {
                                                if (payloadType == videoPayloadType_)
                                                  ledger_.sent(rtpTimestamp, context_.timeline->now());
                                              }});
  if (!publisher)
    return std::unexpected(publisher.error());
  publisher_ = std::move(*publisher);
  if (auto linked = linkVideo(); !linked)
    return linked;
  if (auto linked = linkAudio(); !linked)
    return linked;
  addProbes();
  // webrtcbin takes data channels from READY on; the echo channel puts the data section into the first offer.
  if (gst_element_set_state(pipeline_.get(), GST_STATE_READY) == GST_STATE_CHANGE_FAILURE)
    return fail("ERR_PIPELINE", watch_->firstError());
  dataChannels_ = std::make_unique<DataChannels>(
      publisher_->element(), DataChannels::Context{context_.hub, context_.echo, context_.timeline, context_.events});
  return dataChannels_->openEcho(context_.options.echoStreamId);
}

Result<void> EncoderPipeline::linkVideo() {
  const ObjectPtr<GstElement> source = makeElement("appsrc", "frames");
  const ObjectPtr<GstElement> scale = makeElement("videoscale", "scale");
  const ObjectPtr<GstElement> size = makeElement("capsfilter", "size");
  if (!source || !scale || !size)
    return fail("ERR_PLUGIN", "appsrc, videoscale or capsfilter is not installed");
  // Parsed as one text: caps may stand between the two.
  auto bin = parseBin(encoderOptions_.launch + " ! " + encoderOptions_.payloader, "encoder-bin");
  if (!bin)
    return std::unexpected(bin.error());
  encoderBin_ = std::move(*bin);
  encoder_.reset(gst_bin_get_by_name(GST_BIN(encoderBin_.get()), "encoder"));
  payloader_ = elementBehind(encoderBin_.get(), "src");
  if (!encoder_)
    return fail("ERR_PIPELINE", "no element is named encoder");
  if (!payloader_ || !GST_IS_RTP_BASE_PAYLOAD(payloader_.get()))
    return fail("ERR_PIPELINE", "the payloader text does not end in a payloader");
  if (auto added = addExtensions(payloader_.get(), context_.options.extensions, *context_.timeline, kVideoMid); !added)
    return added;
  videoPayloadType_ = GST_RTP_BASE_PAYLOAD_PT(payloader_.get());

  const CapsPtr wanted(gst_caps_new_simple("video/x-raw", "width", G_TYPE_INT, context_.options.widthPx, "height",
                                           G_TYPE_INT, context_.options.heightPx, nullptr));
  g_object_set(size.get(), "caps", wanted.get(), nullptr);
  g_object_set(scale.get(), "add-borders", TRUE, nullptr);
  g_object_set(source.get(), "is-live", TRUE, "format", GST_FORMAT_TIME, nullptr);
  videoSource_ = share(GST_APP_SRC(source.get()));
  GstAppSrcCallbacks callbacks{};
  callbacks.need_data = [](GstAppSrc*, guint, gpointer self) { static_cast<EncoderPipeline*>(self)->onNeedData(); };
  gst_app_src_set_callbacks(videoSource_.get(), &callbacks, this, nullptr);
  for (GstElement* element : {source.get(), scale.get(), size.get()})
    gst_bin_add(GST_BIN(pipeline_.get()), element);
  if (gst_element_link_many(source.get(), scale.get(), size.get(), encoderBin_.get(), nullptr) == FALSE)
    return fail("ERR_PIPELINE", "the encoder does not take raw video");
  auto input = publisher_->addInput(kVideoStream, true);
  if (!input)
    return std::unexpected(input.error());
  if (gst_pad_link(staticPad(encoderBin_.get(), "src").get(), input->get()) != GST_PAD_LINK_OK)
    return fail("ERR_PIPELINE", "payloader and webrtcbin cannot be linked");
  return {};
}

Result<void> EncoderPipeline::linkAudio() {
  if (!context_.options.audio)
    return {};
  const ObjectPtr<GstElement> source = makeElement("appsrc", "audio-packets");
  if (!source)
    return fail("ERR_PLUGIN", "appsrc is not installed");
  const CapsPtr parsed(gst_caps_from_string(context_.options.audio->rtpCaps.c_str()));
  if (!parsed)
    return fail("ERR_PIPELINE", "audio: the RTP caps cannot be read");
  const CapsPtr caps = rtpCapsForOffer(parsed.get(), nullptr, kAudioMid);
  gst_caps_set_simple(caps.get(), "ssrc", G_TYPE_UINT, context_.audioSsrc, nullptr);
  g_object_set(source.get(), "is-live", TRUE, "format", GST_FORMAT_TIME, "caps", caps.get(), "max-buffers",
               kAudioQueuePackets, "max-bytes", G_GUINT64_CONSTANT(0), "max-time", G_GUINT64_CONSTANT(0), nullptr);
  gst_util_set_object_arg(G_OBJECT(source.get()), "leaky-type", "downstream");
  audioSource_ = share(GST_APP_SRC(source.get()));
  gst_bin_add(GST_BIN(pipeline_.get()), source.get());
  auto input = publisher_->addInput(kAudioStream, false);
  if (!input)
    return std::unexpected(input.error());
  if (gst_pad_link(staticPad(source.get(), "src").get(), input->get()) != GST_PAD_LINK_OK)
    return fail("ERR_PIPELINE", "audio and webrtcbin cannot be linked");
  return {};
}

void EncoderPipeline::addProbes() {
  constexpr auto packets = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
                                                        GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
  const ObjectPtr<GstPad> encoded = staticPad(encoder_.get(), "src");
  const ObjectPtr<GstPad> packetsOut = staticPad(encoderBin_.get(), "src");
  gst_pad_add_probe(staticPad(encoder_.get(), "sink").get(), GST_PAD_PROBE_TYPE_BUFFER, &encoderInputProbe, this,
                    nullptr);
  gst_pad_add_probe(encoded.get(), GST_PAD_PROBE_TYPE_BUFFER, &encoderOutputProbe, this, nullptr);
  gst_pad_add_probe(packetsOut.get(), packets, &payloadProbe, this, nullptr);
  gst_pad_add_probe(packetsOut.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, &upstreamProbe, this, nullptr);
}

Result<void> EncoderPipeline::start() {
  context_.slot.clear();
  context_.slot.resume();
  context_.keyFrames.encoderStarts();
  GstStateChangeReturn change = gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  if (change != GST_STATE_CHANGE_FAILURE)
    change = gst_element_get_state(pipeline_.get(), nullptr, nullptr, kStartTimeout);
  if (change == GST_STATE_CHANGE_FAILURE || change == GST_STATE_CHANGE_ASYNC) {
    const std::string reason = watch_->firstError();
    return fail("ERR_PIPELINE", reason.empty() ? "encoder: the pipeline does not start" : reason);
  }
  return {};
}

void EncoderPipeline::setBitrate(int bitrateKbps) {
  const auto units = static_cast<int64_t>(bitrateKbps) * encoderOptions_.bitrateUnitsPerKbps;
  gst_util_set_object_arg(G_OBJECT(encoder_.get()), encoderOptions_.bitrateProperty.c_str(),
                          std::to_string(units).c_str());
}

void EncoderPipeline::requestKeyFrame(KeyFrameReason reason) {
  context_.keyFrames.ask(reason, context_.timeline->now());
  gst_pad_send_event(staticPad(encoder_.get(), "src").get(),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void EncoderPipeline::pushAudio(GstSample* sample) {
  // Sound that waited for the connection would be too old to play.
  if (audioSource_ && connected_.load())
    gst_app_src_push_buffer(audioSource_.get(), gst_buffer_ref(gst_sample_get_buffer(sample)));
}

void EncoderPipeline::onConnection(bool connected) {
  connected_.store(connected);
  if (connected) {
    ledger_.timeFrom(context_.timeline->now());
  } else {
    context_.hub->releaseAll();
  }
}

}  // namespace nestri
