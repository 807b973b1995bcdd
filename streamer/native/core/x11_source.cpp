// SPDX-License-Identifier: Apache-2.0
#include "x11_source.h"

#include <string>

namespace nestri {
namespace {

/// How much faster than the encoder the display is polled.
constexpr int kPollFactor = 2;
constexpr GstClockTime kStartTimeout = 5 * GST_SECOND;

}  // namespace

X11Source::X11Source(const ProducerContext& context) : context_(context) {}

X11Source::~X11Source() {
  stop();
}

Result<void> X11Source::build() {
  ObjectPtr<GstElement> source = makeElement("ximagesrc", "ximagesrc");
  ObjectPtr<GstElement> sink = makeElement("appsink", "x11frames");
  if (!source || !sink)
    return fail("ERR_SOURCE", "ximagesrc is not installed");
  g_object_set(source.get(), "display-name", context_.options.source.display.c_str(), "use-damage", FALSE,
               "show-pointer", TRUE, "xid", guint64{kNoWindow}, nullptr);
  // The newest frame only: whoever is late gets the next picture, not an old one.
  const CapsPtr wanted(gst_caps_new_simple("video/x-raw", "framerate", GST_TYPE_FRACTION,
                                           context_.options.framerateFps * kPollFactor, 1, nullptr));
  g_object_set(sink.get(), "caps", wanted.get(), "sync", FALSE, "max-buffers", 1, "drop", TRUE, "qos", FALSE,
               "enable-last-sample", FALSE, nullptr);

  pipeline_.reset(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("producer"))));
  context_.timeline.apply(pipeline_.get());
  watch_.emplace(pipeline_.get(), [events = context_.events](const BusReport& report) {
    if (report.kind == BusReport::Kind::warning) {
      events(WarningEvent{report.element, report.message});
    } else {
      events(ErrorEvent{"producer", report.element, report.message});
    }
  });
  GstBin* bin = GST_BIN(pipeline_.get());
  GstElement* sourceElement = source.get();
  GstElement* sinkElement = sink.get();
  gst_bin_add(bin, sourceElement);
  gst_bin_add(bin, sinkElement);
  if (gst_element_link(sourceElement, sinkElement) == FALSE)
    return fail("ERR_SOURCE", "ximagesrc: cannot be linked");

  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = [](GstAppSink* appsink, gpointer self) {
    return static_cast<X11Source*>(self)->onSample(appsink);
  };
  gst_app_sink_set_callbacks(GST_APP_SINK(sinkElement), &callbacks, this, nullptr);
  return {};
}

Result<void> X11Source::start() {
  // Already linking makes ximagesrc open its display.
  const X11Survival survival(lostHandler_);
  if (auto built = build(); !built)
    return built;
  GstStateChangeReturn change = gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  if (change != GST_STATE_CHANGE_FAILURE)
    change = gst_element_get_state(pipeline_.get(), nullptr, nullptr, kStartTimeout);
  if (change == GST_STATE_CHANGE_FAILURE || change == GST_STATE_CHANGE_ASYNC) {
    const std::string reason = watch_->firstError();
    stop();
    return fail("ERR_SOURCE", reason.empty() ? "ximagesrc: does not start" : reason);
  }
  return {};
}

void X11Source::stop() {
  if (!pipeline_)
    return;
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  watch_.reset();
  pipeline_.reset();
}

GstFlowReturn X11Source::onSample(GstAppSink* sink) {
  const SamplePtr sample(gst_app_sink_pull_sample(sink));
  // Without its server ximagesrc goes on with the last picture.
  if (!sample || lost_.load())
    return GST_FLOW_EOS;
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  noteCaps(gst_sample_get_caps(sample.get()));
  // ximagesrc stamps the moment it begins to grab, so nothing that happens later can be in an earlier stamp.
  const auto capturedAt = static_cast<int64_t>(GST_BUFFER_PTS(buffer));
  context_.counters.framesCaptured.fetch_add(1, std::memory_order_relaxed);
  context_.counters.lastCapturedAt.store(context_.timeline.now(), std::memory_order_relaxed);
  context_.slot.put({BufferPtr(gst_buffer_ref(buffer)), share(caps_.get()), capturedAt, isChanged(buffer)});
  return GST_FLOW_OK;
}

void X11Source::onLost() {
  if (!lost_.exchange(true))
    context_.events(
        ErrorEvent{"producer", "ximagesrc", "the X display " + context_.options.source.display + " is gone"});
}

void X11Source::noteCaps(GstCaps* caps) {
  if (caps_ && gst_caps_is_equal(caps_.get(), caps))
    return;
  context_.events(TransitionEvent{"capture", capsText(caps_.get()), capsText(caps)});
  caps_ = share(caps);
  gst_video_info_from_caps(&info_, caps);
}

bool X11Source::isChanged(GstBuffer* buffer) {
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE)
    return true;
  const auto strideBytes = static_cast<size_t>(GST_VIDEO_INFO_PLANE_STRIDE(&info_, 0));
  const auto lineBytes = static_cast<size_t>(GST_VIDEO_INFO_WIDTH(&info_) * GST_VIDEO_INFO_COMP_PSTRIDE(&info_, 0));
  const bool changed = changes_.changed(map.data, strideBytes, lineBytes, GST_VIDEO_INFO_HEIGHT(&info_));
  gst_buffer_unmap(buffer, &map);
  return changed;
}

}  // namespace nestri
