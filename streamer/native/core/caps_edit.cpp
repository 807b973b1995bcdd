// SPDX-License-Identifier: Apache-2.0
#include "caps_edit.h"

namespace nestri {

CapsPtr withFramerate(const GstCaps* caps, int framerateFps) {
  CapsPtr edited(gst_caps_copy(caps));
  gst_caps_set_simple(edited.get(), "framerate", GST_TYPE_FRACTION, framerateFps, 1, nullptr);
  return edited;
}

CapsPtr rtpCapsForOffer(const GstCaps* actual, const GstCaps* wanted, const std::string& mid) {
  CapsPtr edited(gst_caps_copy(actual));
  GstStructure* target = gst_caps_get_structure(edited.get(), 0);
  if (wanted != nullptr && gst_caps_get_size(wanted) > 0) {
    const auto copyField = [](GQuark field, const GValue* value, gpointer data) -> gboolean {
      gst_structure_id_set_value(static_cast<GstStructure*>(data), field, value);
      return TRUE;
    };
    gst_structure_foreach(gst_caps_get_structure(wanted, 0), copyField, target);
  }
  // GStreamer's SDP code turns `profile` into a second level-asymmetry-allowed.
  gst_structure_remove_fields(target, "sprop-parameter-sets", "profile", nullptr);
  gst_structure_set(target, "a-mid", G_TYPE_STRING, mid.c_str(), nullptr);
  return edited;
}

}  // namespace nestri
