// SPDX-License-Identifier: Apache-2.0
#include "bus_watch.h"

#include <mutex>
#include <optional>
#include <utility>

namespace nestri {

struct BusWatch::State {
  std::mutex mutex;
  Handler handler;
  std::string firstError;

  void report(BusReport report) {
    const std::scoped_lock lock(mutex);
    if (report.kind == BusReport::Kind::error && firstError.empty())
      firstError = report.element + ": " + report.message;
    if (handler)
      handler(report);
  }
};

namespace {

std::string sourceName(GstMessage* message) {
  const GstObject* source = GST_MESSAGE_SRC(message);
  return source != nullptr && GST_OBJECT_NAME(source) != nullptr ? GST_OBJECT_NAME(source) : "unknown";
}

std::string words(GstMessage* message) {
  GError* rawError = nullptr;
  char* rawDebug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &rawError, &rawDebug);
  } else {
    gst_message_parse_warning(message, &rawError, &rawDebug);
  }
  const ErrorPtr error(rawError);
  const CharsPtr debug(rawDebug);
  std::string text = error ? error->message : "unknown error";
  if (debug)
    text += std::string(" (") + debug.get() + ")";
  return text;
}

std::optional<BusReport> readMessage(GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      return BusReport{BusReport::Kind::error, sourceName(message), words(message)};
    case GST_MESSAGE_WARNING:
      return BusReport{BusReport::Kind::warning, sourceName(message), words(message)};
    case GST_MESSAGE_EOS:
      return BusReport{BusReport::Kind::endOfStream, sourceName(message), "end of stream"};
    default:
      return std::nullopt;
  }
}

}  // namespace

BusWatch::BusWatch(GstElement* pipeline, Handler handler)
    : bus_(gst_element_get_bus(pipeline)), state_(std::make_shared<State>()) {
  state_->handler = std::move(handler);
  const GstBusSyncHandler onMessage = [](GstBus*, GstMessage* message, gpointer data) {
    if (auto report = readMessage(message))
      (*static_cast<std::shared_ptr<State>*>(data))->report(std::move(*report));
    // Nobody reads the bus: whatever stayed on it would pile up and keep its element alive.
    gst_message_unref(message);
    return GST_BUS_DROP;
  };
  gst_bus_set_sync_handler(bus_.get(), onMessage, new std::shared_ptr<State>(state_),
                           [](gpointer data) { delete static_cast<std::shared_ptr<State>*>(data); });
}

BusWatch::~BusWatch() {
  gst_bus_set_sync_handler(bus_.get(), nullptr, nullptr, nullptr);
  const std::scoped_lock lock(state_->mutex);
  state_->handler = nullptr;
}

std::string BusWatch::firstError() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->firstError;
}

}  // namespace nestri
