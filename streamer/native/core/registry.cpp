// SPDX-License-Identifier: Apache-2.0
#include "registry.h"

#include "gst_ptr.h"

namespace nestri {
namespace {

template <typename Spec>
void setRange(ElementProperty& property, const Spec* spec) {
  property.minimum = static_cast<double>(spec->minimum);
  property.maximum = static_cast<double>(spec->maximum);
}

void describeNumber(ElementProperty& property, GParamSpec* spec) {
  if (G_IS_PARAM_SPEC_INT(spec))
    setRange(property, G_PARAM_SPEC_INT(spec));
  if (G_IS_PARAM_SPEC_UINT(spec))
    setRange(property, G_PARAM_SPEC_UINT(spec));
  if (G_IS_PARAM_SPEC_INT64(spec))
    setRange(property, G_PARAM_SPEC_INT64(spec));
  if (G_IS_PARAM_SPEC_UINT64(spec))
    setRange(property, G_PARAM_SPEC_UINT64(spec));
  if (G_IS_PARAM_SPEC_LONG(spec))
    setRange(property, G_PARAM_SPEC_LONG(spec));
  if (G_IS_PARAM_SPEC_ULONG(spec))
    setRange(property, G_PARAM_SPEC_ULONG(spec));
  if (G_IS_PARAM_SPEC_FLOAT(spec))
    setRange(property, G_PARAM_SPEC_FLOAT(spec));
  if (G_IS_PARAM_SPEC_DOUBLE(spec))
    setRange(property, G_PARAM_SPEC_DOUBLE(spec));
}

template <typename Class>
std::vector<std::string> nicks(const Class* klass) {
  std::vector<std::string> names;
  for (guint i = 0; i < klass->n_values; ++i)
    names.emplace_back(klass->values[i].value_nick);
  return names;
}

ElementProperty describeProperty(GParamSpec* spec) {
  ElementProperty property;
  property.name = g_param_spec_get_name(spec);
  property.type = g_type_name(G_PARAM_SPEC_VALUE_TYPE(spec));
  property.writable = (spec->flags & G_PARAM_WRITABLE) != 0 && (spec->flags & G_PARAM_CONSTRUCT_ONLY) == 0;
  if (G_IS_PARAM_SPEC_ENUM(spec))
    property.values = nicks(G_PARAM_SPEC_ENUM(spec)->enum_class);
  if (G_IS_PARAM_SPEC_FLAGS(spec))
    property.values = nicks(G_PARAM_SPEC_FLAGS(spec)->flags_class);
  describeNumber(property, spec);
  return property;
}

std::string templateCaps(GstElementFactory* factory, GstPadDirection direction) {
  GstCaps* merged = gst_caps_new_empty();
  for (const GList* item = gst_element_factory_get_static_pad_templates(factory); item != nullptr; item = item->next) {
    auto* pad = static_cast<GstStaticPadTemplate*>(item->data);
    if (pad->direction == direction)
      merged = gst_caps_merge(merged, gst_static_pad_template_get_caps(pad));
  }
  const CapsPtr owned(merged);
  return capsText(owned.get());
}

}  // namespace

std::optional<ElementInfo> inspectElement(const std::string& name) {
  const ObjectPtr<GstElementFactory> factory(gst_element_factory_find(name.c_str()));
  if (!factory)
    return std::nullopt;
  // Some hardware elements get their real properties only when the plugin is loaded and an instance is made.
  const ObjectPtr<GstElement> element = makeElement(name.c_str());
  if (!element)
    return std::nullopt;

  ElementInfo info;
  info.name = name;
  const char* klass = gst_element_factory_get_metadata(factory.get(), GST_ELEMENT_METADATA_KLASS);
  info.klass = klass != nullptr ? klass : "";
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(element.get()), &count);
  const CPtr<GParamSpec*, &g_free> owned(specs);
  info.properties.reserve(count);
  for (guint i = 0; i < count; ++i)
    info.properties.push_back(describeProperty(specs[i]));
  info.sinkCaps = templateCaps(factory.get(), GST_PAD_SINK);
  info.srcCaps = templateCaps(factory.get(), GST_PAD_SRC);
  return info;
}

}  // namespace nestri
