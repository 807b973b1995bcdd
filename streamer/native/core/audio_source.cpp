// SPDX-License-Identifier: Apache-2.0
#include "audio_source.h"

#include <gst/app/gstappsink.h>
#include <gst/rtp/gstrtpbasepayload.h>

#include <string>
#include <utility>

namespace nestri {

AudioSource::AudioSource(const AudioOptions& options, uint32_t ssrc, const Timeline& timeline, Counters& counters,
                         EventSink events, PacketSink packets)
    : options_(options), ssrc_(ssrc), timeline_(timeline), counters_(counters), events_(std::move(events)),
      packets_(std::move(packets)) {}

AudioSource::~AudioSource() {
  stop();
}

void AudioSource::start() {
  if (auto played = play(); !played) {
    stop();
    events_(ErrorEvent{"audio", "audio", played.error().message});
  }
}

Result<void> AudioSource::play() {
  if (auto built = build(); !built)
    return built;
  // Not waited for: a sound server that takes its time must not delay the picture.
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail("ERR_AUDIO", watch_->firstError());
  return {};
}

Result<void> AudioSource::build() {
  GError* raw = nullptr;
  const std::string text = options_.launch + " ! appsink name=nestriaudioout";
  GstElement* parsed = gst_parse_launch_full(text.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw);
  const ErrorPtr error(raw);
  if (parsed == nullptr)
    return fail("ERR_AUDIO", error ? error->message : "the audio pipeline cannot be built");
  pipeline_.reset(GST_ELEMENT(gst_object_ref_sink(parsed)));
  timeline_.apply(pipeline_.get());
  watch_.emplace(pipeline_.get(), [events = events_](const BusReport& report) {
    if (report.kind == BusReport::Kind::warning) {
      events(WarningEvent{report.element, report.message});
    } else {
      events(ErrorEvent{"audio", report.element, report.message});
    }
  });
  const ObjectPtr<GstElement> sink(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "nestriaudioout"));
  const ObjectPtr<GstPad> last(gst_pad_get_peer(staticPad(sink.get(), "sink").get()));
  const ObjectPtr<GstElement> payloader(last ? gst_pad_get_parent_element(last.get()) : nullptr);
  if (!payloader || !GST_IS_RTP_BASE_PAYLOAD(payloader.get()))
    return fail("ERR_AUDIO", "the audio text does not end in a payloader");
  g_object_set(payloader.get(), "ssrc", ssrc_, nullptr);
  g_object_set(sink.get(), "sync", FALSE, "max-buffers", 8, "drop", TRUE, "qos", FALSE, "enable-last-sample", FALSE,
               nullptr);
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* appsink, gpointer data) {
    auto& self = *static_cast<AudioSource*>(data);
    const SamplePtr sample(gst_app_sink_pull_sample(appsink));
    if (!sample)
      return GST_FLOW_EOS;
    self.counters_.audioPackets.fetch_add(1, std::memory_order_relaxed);
    self.packets_(sample.get());
    return GST_FLOW_OK;
  };
  gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, this, nullptr);
  return {};
}

void AudioSource::stop() {
  if (!pipeline_)
    return;
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  watch_.reset();
  pipeline_.reset();
}

}  // namespace nestri
