// SPDX-License-Identifier: Apache-2.0
// The part of EncoderPipeline that runs on streaming threads, once per frame or packet.
#include "bytes.h"
#include "caps_edit.h"
#include "encoder_pipeline.h"

#include <gst/rtp/rtp.h>
#include <gst/video/video.h>

#include <utility>

namespace nestri {
namespace {

/// A buffer's timestamp as running time, which is the Timeline's, whatever offset an element added.
int64_t runningTimeOf(GstPad* pad, const GstBuffer* buffer) {
  const EventPtr event(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
  if (!event)
    return -1;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event.get(), &segment);
  const guint64 runningTime = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  return GST_CLOCK_TIME_IS_VALID(runningTime) ? static_cast<int64_t>(runningTime) : -1;
}

GstPadProbeType typeOf(const GstPadProbeInfo* info) {
  return GST_PAD_PROBE_INFO_TYPE(info);
}

}  // namespace

void EncoderPipeline::onNeedData() {
  std::optional<RawFrame> frame = context_.slot.take();
  if (!frame)
    return;
  if (sourceCaps_.get() != frame->caps.get()) {
    gst_app_src_set_caps(videoSource_.get(), withFramerate(frame->caps.get(), context_.options.framerateFps).get());
    sourceCaps_ = std::move(frame->caps);
  }
  gst_app_src_push_buffer(videoSource_.get(), frame->buffer.release());
}

GstPadProbeReturn EncoderPipeline::encoderInputProbe(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto& pipeline = *static_cast<EncoderPipeline*>(self);
  const int64_t capturedAt = runningTimeOf(pad, GST_PAD_PROBE_INFO_BUFFER(info));
  pipeline.ledger_.enteredEncoder(capturedAt, pipeline.context_.timeline->now());
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn EncoderPipeline::encoderOutputProbe(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  static_cast<EncoderPipeline*>(self)->onEncoded(pad, GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

void EncoderPipeline::onEncoded(GstPad* pad, const GstBuffer* buffer) {
  const int64_t now = context_.timeline->now();
  const int64_t capturedAt = runningTimeOf(pad, buffer);
  const auto encoded = ledger_.leftEncoder(capturedAt, now, gst_buffer_get_size(const_cast<GstBuffer*>(buffer)));
  const bool isKeyFrame = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  context_.keyFrames.cameOut(isKeyFrame, encoded.enteredAt);
  if (!firstFrameTold_.exchange(true)) {
    const CapsPtr caps(gst_pad_get_current_caps(pad));
    noteCaps("encoder", encodedCaps_, caps.get());
    context_.events(FirstFrameEvent{});
  }
}

GstPadProbeReturn EncoderPipeline::payloadProbe(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto& pipeline = *static_cast<EncoderPipeline*>(self);
  if ((typeOf(info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) != 0) {
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS)
      pipeline.rewriteCaps(info);
  } else if ((typeOf(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    if (gst_buffer_list_length(list) > 0)
      pipeline.onPacket(pad, gst_buffer_list_get(list, 0));
  } else {
    pipeline.onPacket(pad, GST_PAD_PROBE_INFO_BUFFER(info));
  }
  return GST_PAD_PROBE_OK;
}

void EncoderPipeline::onPacket(GstPad* pad, GstBuffer* first) {
  uint8_t header[8];
  if (gst_buffer_extract(first, 0, header, sizeof(header)) != sizeof(header))
    return;
  const uint32_t rtpTimestamp = loadBe32(header + 4);
  if (anyPacket_ && rtpTimestamp == lastRtpTimestamp_)
    return;
  anyPacket_ = true;
  lastRtpTimestamp_ = rtpTimestamp;
  const int64_t capturedAt = runningTimeOf(pad, first);
  ledger_.payloaded(capturedAt, rtpTimestamp);
  if (const auto seq = context_.echo->take(capturedAt))
    dataChannels_->sendEcho(rtpTimestamp, *seq);
}

void EncoderPipeline::rewriteCaps(GstPadProbeInfo* info) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  GstCaps* actual = nullptr;
  gst_event_parse_caps(event, &actual);
  const CapsPtr wanted(gst_caps_from_string(encoderOptions_.rtpCaps.c_str()));
  const CapsPtr edited = rtpCapsForOffer(actual, wanted.get(), kVideoMid);
  noteCaps("rtp", sentCaps_, edited.get());
  GstEvent* replacement = gst_event_new_caps(edited.get());
  gst_event_set_seqnum(replacement, gst_event_get_seqnum(event));
  GST_PAD_PROBE_INFO_DATA(info) = replacement;
  gst_event_unref(event);
}

void EncoderPipeline::noteCaps(const char* stage, std::string& current, const GstCaps* caps) {
  std::string text = capsText(caps);
  if (text == current)
    return;
  context_.events(TransitionEvent{stage, std::exchange(current, text), text});
}

GstPadProbeReturn EncoderPipeline::upstreamProbe(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer self) {
  auto& pipeline = *static_cast<EncoderPipeline*>(self);
  // The relay's PLI or FIR, which rtpbin turned into an event on its way to the encoder.
  if (gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info)) != FALSE)
    pipeline.context_.keyFrames.ask(KeyFrameReason::pli, pipeline.context_.timeline->now());
  return GST_PAD_PROBE_OK;
}

}  // namespace nestri
