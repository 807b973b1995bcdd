// SPDX-License-Identifier: Apache-2.0
// Owning pointers for everything that GStreamer and GLib count or allocate, so that no other file calls an unref.
// Each type is move-only; `get()` lends, `release()` gives the reference away (for functions marked transfer full).
#pragma once

#include <glib-object.h>
#include <gst/gst.h>

#include <memory>
#include <string>

namespace nestri {

/// Deleter that calls one C function.
template <auto Function>
struct CallOnDelete {
  template <typename T>
  void operator()(T* value) const {
    Function(value);
  }
};

template <typename T, auto Function>
using CPtr = std::unique_ptr<T, CallOnDelete<Function>>;

/// A counted reference to a GstObject: elements, pads, buses, clocks.
template <typename T>
using ObjectPtr = CPtr<T, &gst_object_unref>;
/// A counted reference to a GObject that is no GstObject: data channels, transceivers.
template <typename T>
using GObjectPtr = CPtr<T, &g_object_unref>;

/// GStreamer's unref functions of these types are static inline; named as template arguments they would give every
/// function that takes such a pointer internal linkage.
struct Unref {
  void operator()(GstBuffer* value) const { gst_buffer_unref(value); }
  void operator()(GstCaps* value) const { gst_caps_unref(value); }
  void operator()(GstSample* value) const { gst_sample_unref(value); }
  void operator()(GstEvent* value) const { gst_event_unref(value); }
  void operator()(GstPromise* value) const { gst_promise_unref(value); }
};
using BufferPtr = std::unique_ptr<GstBuffer, Unref>;
using CapsPtr = std::unique_ptr<GstCaps, Unref>;
using SamplePtr = std::unique_ptr<GstSample, Unref>;
using EventPtr = std::unique_ptr<GstEvent, Unref>;
using PromisePtr = std::unique_ptr<GstPromise, Unref>;
using StructurePtr = CPtr<GstStructure, &gst_structure_free>;
using ErrorPtr = CPtr<GError, &g_error_free>;
using CharsPtr = CPtr<char, &g_free>;
using BytesPtr = CPtr<GBytes, &g_bytes_unref>;

/// Another reference to the same object.
template <typename T>
[[nodiscard]] ObjectPtr<T> share(T* object) {
  return ObjectPtr<T>(object != nullptr ? static_cast<T*>(gst_object_ref(object)) : nullptr);
}

[[nodiscard]] inline CapsPtr share(GstCaps* caps) {
  return CapsPtr(caps != nullptr ? gst_caps_ref(caps) : nullptr);
}

/// A newly made element, not floating any more, or null where no such factory is registered.
[[nodiscard]] inline ObjectPtr<GstElement> makeElement(const char* factory, const char* name = nullptr) {
  GstElement* element = gst_element_factory_make(factory, name);
  return ObjectPtr<GstElement>(element != nullptr ? GST_ELEMENT(gst_object_ref_sink(element)) : nullptr);
}

[[nodiscard]] inline ObjectPtr<GstPad> staticPad(GstElement* element, const char* name) {
  return ObjectPtr<GstPad>(gst_element_get_static_pad(element, name));
}

/// Caps as text; empty for null.
[[nodiscard]] inline std::string capsText(const GstCaps* caps) {
  if (caps == nullptr)
    return {};
  const CharsPtr text(gst_caps_to_string(caps));
  return text.get();
}

}  // namespace nestri
