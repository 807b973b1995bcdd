// SPDX-License-Identifier: Apache-2.0
#include "rtp_extensions.h"

#include "bytes.h"

#include <gst/rtp/rtp.h>

#include <cstring>

namespace nestri {
namespace {

constexpr gsize kPlayoutDelayBytes = 3;
constexpr gsize kAbsCaptureTimeBytes = 8;

// GObject classes are C structs with the parent first. They are registered once per process and never unregistered,
// which is why the addon is linked so that it is never unloaded.

struct NestriPlayoutDelay {
  GstRTPHeaderExtension parent;
};
struct NestriPlayoutDelayClass {
  GstRTPHeaderExtensionClass parent;
};
G_DEFINE_TYPE(NestriPlayoutDelay, nestri_playout_delay, GST_TYPE_RTP_HEADER_EXTENSION)

struct NestriAbsCaptureTime {
  GstRTPHeaderExtension parent;
  const Timeline* timeline;
  /// Weak: the pad belongs to the payloader, which owns this extension.
  GstPad* segmentOf;
  GstSegment segment;
  guint32 segmentSeqnum;
  /// All packets of a frame carry the same value, so it is worked out once per frame.
  GstClockTime lastPts;
  uint64_t lastNtp;
};
struct NestriAbsCaptureTimeClass {
  GstRTPHeaderExtensionClass parent;
};
G_DEFINE_TYPE(NestriAbsCaptureTime, nestri_abs_capture_time, GST_TYPE_RTP_HEADER_EXTENSION)

GstRTPHeaderExtensionFlags bothHeaderSizes(GstRTPHeaderExtension* /*extension*/) {
  return static_cast<GstRTPHeaderExtensionFlags>(GST_RTP_HEADER_EXTENSION_ONE_BYTE | GST_RTP_HEADER_EXTENSION_TWO_BYTE);
}

gboolean ignoreOnRead(GstRTPHeaderExtension* /*extension*/, GstRTPHeaderExtensionFlags /*flags*/,
                      const guint8* /*data*/, gsize /*size*/, GstBuffer* /*buffer*/) {
  return TRUE;
}

void nestri_playout_delay_class_init(NestriPlayoutDelayClass* klass) {
  GstRTPHeaderExtensionClass* extension = GST_RTP_HEADER_EXTENSION_CLASS(klass);
  extension->get_supported_flags = bothHeaderSizes;
  extension->get_max_size = [](GstRTPHeaderExtension*, const GstBuffer*) { return kPlayoutDelayBytes; };
  extension->read = ignoreOnRead;
  extension->write = [](GstRTPHeaderExtension*, const GstBuffer*, GstRTPHeaderExtensionFlags, GstBuffer*, guint8* data,
                        gsize size) -> gssize {
    if (size < kPlayoutDelayBytes)
      return -1;
    std::memset(data, 0, kPlayoutDelayBytes);
    return static_cast<gssize>(kPlayoutDelayBytes);
  };
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Playout delay", GST_RTP_HDREXT_ELEMENT_CLASS,
                                        "Asks the receiver to show frames at once", "Nestri");
  gst_rtp_header_extension_class_set_uri(extension, kPlayoutDelayUri);
}

void nestri_playout_delay_init(NestriPlayoutDelay* /*extension*/) {}

/// Copies the pad's segment when it has a new one.
void refreshSegment(NestriAbsCaptureTime* self) {
  const EventPtr event(gst_pad_get_sticky_event(self->segmentOf, GST_EVENT_SEGMENT, 0));
  if (!event || gst_event_get_seqnum(event.get()) == self->segmentSeqnum)
    return;
  gst_event_copy_segment(event.get(), &self->segment);
  self->segmentSeqnum = gst_event_get_seqnum(event.get());
}

gssize writeAbsCaptureTime(GstRTPHeaderExtension* extension, const GstBuffer* input, GstRTPHeaderExtensionFlags,
                           GstBuffer*, guint8* data, gsize size) {
  auto* self = reinterpret_cast<NestriAbsCaptureTime*>(extension);
  const GstClockTime pts = GST_BUFFER_PTS(input);
  if (size < kAbsCaptureTimeBytes || !GST_CLOCK_TIME_IS_VALID(pts))
    return 0;
  if (pts != self->lastPts) {
    refreshSegment(self);
    const guint64 runningTime = gst_segment_to_running_time(&self->segment, GST_FORMAT_TIME, pts);
    if (!GST_CLOCK_TIME_IS_VALID(runningTime))
      return 0;
    self->lastNtp = self->timeline->ntpAt(static_cast<int64_t>(runningTime));
    self->lastPts = pts;
  }
  storeBe64(data, self->lastNtp);
  return static_cast<gssize>(kAbsCaptureTimeBytes);
}

void nestri_abs_capture_time_class_init(NestriAbsCaptureTimeClass* klass) {
  GstRTPHeaderExtensionClass* extension = GST_RTP_HEADER_EXTENSION_CLASS(klass);
  extension->get_supported_flags = bothHeaderSizes;
  extension->get_max_size = [](GstRTPHeaderExtension*, const GstBuffer*) { return kAbsCaptureTimeBytes; };
  extension->read = ignoreOnRead;
  extension->write = writeAbsCaptureTime;
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Absolute capture time", GST_RTP_HDREXT_ELEMENT_CLASS,
                                        "Tells the receiver when the picture was taken", "Nestri");
  gst_rtp_header_extension_class_set_uri(extension, kAbsCaptureTimeUri);
}

void nestri_abs_capture_time_init(NestriAbsCaptureTime* self) {
  gst_segment_init(&self->segment, GST_FORMAT_TIME);
  self->segmentSeqnum = GST_SEQNUM_INVALID;
  self->lastPts = GST_CLOCK_TIME_NONE;
}

ObjectPtr<GstRTPHeaderExtension> owned(gpointer object, unsigned id) {
  auto* extension = static_cast<GstRTPHeaderExtension*>(gst_object_ref_sink(object));
  gst_rtp_header_extension_set_id(extension, id);
  return ObjectPtr<GstRTPHeaderExtension>(extension);
}

Result<ObjectPtr<GstRTPHeaderExtension>> makeShipped(const char* factory, unsigned id) {
  ObjectPtr<GstElement> element = makeElement(factory);
  if (!element)
    return fail("ERR_PLUGIN", std::string(factory) + " is not installed");
  ObjectPtr<GstRTPHeaderExtension> extension(GST_RTP_HEADER_EXTENSION(element.release()));
  gst_rtp_header_extension_set_id(extension.get(), id);
  return extension;
}

}  // namespace

ObjectPtr<GstRTPHeaderExtension> makePlayoutDelay(unsigned id) {
  return owned(g_object_new(nestri_playout_delay_get_type(), nullptr), id);
}

ObjectPtr<GstRTPHeaderExtension> makeAbsCaptureTime(unsigned id, const Timeline& timeline, GstPad* segmentOf) {
  auto extension = owned(g_object_new(nestri_abs_capture_time_get_type(), nullptr), id);
  auto* self = reinterpret_cast<NestriAbsCaptureTime*>(extension.get());
  self->timeline = &timeline;
  self->segmentOf = segmentOf;
  return extension;
}

Result<void> addExtensions(GstElement* payloader, const ExtensionIds& ids, const Timeline& timeline,
                           const std::string& mid) {
  auto transportWideCc = makeShipped("rtphdrexttwcc", ids.transportWideCc);
  if (!transportWideCc)
    return std::unexpected(transportWideCc.error());
  auto midExtension = makeShipped("rtphdrextmid", ids.mid);
  if (!midExtension)
    return std::unexpected(midExtension.error());
  g_object_set(midExtension->get(), "mid", mid.c_str(), nullptr);
  const ObjectPtr<GstPad> sinkPad = staticPad(payloader, "sink");
  const auto playoutDelay = makePlayoutDelay(ids.playoutDelay);
  const auto absCaptureTime = makeAbsCaptureTime(ids.absCaptureTime, timeline, sinkPad.get());
  for (GstRTPHeaderExtension* extension :
       {playoutDelay.get(), absCaptureTime.get(), transportWideCc->get(), midExtension->get()}) {
    g_signal_emit_by_name(payloader, "add-extension", extension);
  }
  return {};
}

}  // namespace nestri
