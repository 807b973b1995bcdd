// SPDX-License-Identifier: Apache-2.0
#include "convert.h"

#include <string>
#include <type_traits>
#include <variant>

namespace nestri::binding {
namespace {

std::string text(const Napi::Object& from, const char* name) {
  const Napi::Value value = from.Get(name);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

int number(const Napi::Object& from, const char* name) {
  const Napi::Value value = from.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Int32Value() : 0;
}

Napi::Object object(const Napi::Object& from, const char* name) {
  const Napi::Value value = from.Get(name);
  return value.IsObject() ? value.As<Napi::Object>() : Napi::Object::New(from.Env());
}

Napi::Object make(Napi::Env env, std::initializer_list<std::pair<const char*, Napi::Value>> fields) {
  Napi::Object result = Napi::Object::New(env);
  for (const auto& [name, value] : fields)
    result.Set(name, value);
  return result;
}

Napi::Value js(Napi::Env env, const std::string& value) {
  return Napi::String::New(env, value);
}
Napi::Value js(Napi::Env env, const char* value) {
  return Napi::String::New(env, value);
}

template <typename T>
requires std::is_arithmetic_v<T> Napi::Value js(Napi::Env env, T value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Value propertyToJs(Napi::Env env, const ElementProperty& property) {
  Napi::Object result = make(env, {{"name", js(env, property.name)},
                                   {"type", js(env, property.type)},
                                   {"writable", Napi::Boolean::New(env, property.writable)}});
  if (property.values) {
    Napi::Array values = Napi::Array::New(env, property.values->size());
    for (uint32_t i = 0; i < property.values->size(); ++i)
      values.Set(i, js(env, (*property.values)[i]));
    result.Set("values", values);
  }
  if (property.minimum)
    result.Set("minimum", js(env, *property.minimum));
  if (property.maximum)
    result.Set("maximum", js(env, *property.maximum));
  return result;
}

template <typename... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

}  // namespace

EncoderOptions toEncoderOptions(const Napi::Object& from) {
  return {.codec = text(from, "codec"),
          .launch = text(from, "launch"),
          .bitrateProperty = text(from, "bitrateProperty"),
          .bitrateUnitsPerKbps = number(from, "bitrateUnitsPerKbps"),
          .bitrateKbps = number(from, "bitrateKbps"),
          .payloader = text(from, "payloader"),
          .rtpCaps = text(from, "rtpCaps")};
}

SessionOptions toSessionOptions(const Napi::Object& from) {
  const Napi::Object source = object(from, "source");
  const Napi::Object extensions = object(from, "extensions");
  SessionOptions options;
  options.source.kind = text(source, "kind") == "x11" ? SourceOptions::Kind::x11 : SourceOptions::Kind::test;
  options.source.display = text(source, "display");
  options.widthPx = number(from, "widthPx");
  options.heightPx = number(from, "heightPx");
  options.framerateFps = number(from, "framerateFps");
  options.encoder = toEncoderOptions(object(from, "encoder"));
  if (from.Get("audio").IsObject()) {
    const Napi::Object audio = object(from, "audio");
    options.audio = AudioOptions{.launch = text(audio, "launch"), .rtpCaps = text(audio, "rtpCaps")};
  }
  if (from.Get("inputDisplay").IsString())
    options.inputDisplay = text(from, "inputDisplay");
  options.stunServer = text(from, "stunServer");
  options.extensions = {.absCaptureTime = static_cast<unsigned>(number(extensions, "absCaptureTime")),
                        .playoutDelay = static_cast<unsigned>(number(extensions, "playoutDelay")),
                        .transportWideCc = static_cast<unsigned>(number(extensions, "transportWideCc")),
                        .mid = static_cast<unsigned>(number(extensions, "mid"))};
  options.echoStreamId = number(from, "echoStreamId");
  return options;
}

ProbeOptions toProbeOptions(const Napi::Object& from) {
  return {.launch = text(from, "launch"),
          .widthPx = number(from, "widthPx"),
          .heightPx = number(from, "heightPx"),
          .framerateFps = number(from, "framerateFps"),
          .frames = number(from, "frames"),
          .timeoutMs = number(from, "timeoutMs")};
}

Napi::Value toJs(Napi::Env env, const ElementInfo& info) {
  Napi::Array properties = Napi::Array::New(env, info.properties.size());
  for (uint32_t i = 0; i < info.properties.size(); ++i)
    properties.Set(i, propertyToJs(env, info.properties[i]));
  return make(env, {{"name", js(env, info.name)},
                    {"klass", js(env, info.klass)},
                    {"properties", properties},
                    {"sinkCaps", js(env, info.sinkCaps)},
                    {"srcCaps", js(env, info.srcCaps)}});
}

Napi::Value toJs(Napi::Env env, const ProbeResult& result) {
  return make(env, {{"ok", Napi::Boolean::New(env, result.ok)},
                    {"reason", js(env, result.reason)},
                    {"framesOut", js(env, result.framesOut)},
                    {"encodeMsP50", js(env, result.encodeMsP50)},
                    {"caps", js(env, result.caps)},
                    {"bytes", js(env, result.bytes)}});
}

Napi::Value toJs(Napi::Env env, const Event& event) {
  const auto named = [env](const char* type, std::initializer_list<std::pair<const char*, Napi::Value>> fields) {
    Napi::Object result = make(env, fields);
    result.Set("type", js(env, type));
    return result;
  };
  return std::visit(
      Match{
          [&](const OfferEvent& e) {
            return named("offer", {{"sdp", js(env, e.sdp)}});
          },
          [&](const ConnectionEvent& e) {
            return named("connection", {{"state", js(env, e.state)}});
          },
          [&](const FirstFrameEvent&) { return named("first-frame", {}); },
          [&](const InputReadyEvent& e) {
            return named("input-ready", {{"streamId", js(env, e.streamId)}});
          },
          [&](const TransitionEvent& e) {
            return named("transition",
                         {{"stage", js(env, e.stage)}, {"before", js(env, e.before)}, {"after", js(env, e.after)}});
          },
          [&](const WarningEvent& e) {
            return named("warning", {{"element", js(env, e.element)}, {"message", js(env, e.message)}});
          },
          [&](const ErrorEvent& e) {
            return named("error",
                         {{"part", js(env, e.part)}, {"element", js(env, e.element)}, {"message", js(env, e.message)}});
          },
      },
      event);
}

Napi::Value toJs(Napi::Env env, const Stats& stats, uint64_t eventsDropped) {
  const auto count = [&](KeyFrameReason reason) { return js(env, stats.keyFrames[static_cast<size_t>(reason)]); };
  return make(env, {{"framesCaptured", js(env, stats.framesCaptured)},
                    {"framesEncoded", js(env, stats.framesEncoded)},
                    {"bytesEncoded", js(env, stats.bytesEncoded)},
                    {"encodeMsP50", js(env, stats.encodeMsP50)},
                    {"encodeMsP99", js(env, stats.encodeMsP99)},
                    {"captureToSendMsP50", js(env, stats.captureToSendMsP50)},
                    {"captureToSendMsP99", js(env, stats.captureToSendMsP99)},
                    {"drops", make(env, {{"capture", js(env, stats.drops.capture)},
                                         {"queue", js(env, stats.drops.queue)},
                                         {"encoder", js(env, stats.drops.encoder)},
                                         {"send", js(env, stats.drops.send)}})},
                    {"keyFrames", make(env, {{"start", count(KeyFrameReason::start)},
                                             {"join", count(KeyFrameReason::join)},
                                             {"pli", count(KeyFrameReason::pli)},
                                             {"drop", count(KeyFrameReason::drop)},
                                             {"request", count(KeyFrameReason::request)},
                                             {"unasked", count(KeyFrameReason::unasked)}})},
                    {"largestFrameBytes", js(env, stats.largestFrameBytes)},
                    {"audioPackets", js(env, stats.audioPackets)},
                    {"inputEvents", js(env, stats.inputEvents)},
                    {"inputRejected", js(env, stats.inputRejected)},
                    {"ages", make(env, {{"captured", js(env, stats.ages.captured)},
                                        {"encoded", js(env, stats.ages.encoded)},
                                        {"sent", js(env, stats.ages.sent)}})},
                    {"eventsDropped", js(env, eventsDropped)}});
}

}  // namespace nestri::binding
