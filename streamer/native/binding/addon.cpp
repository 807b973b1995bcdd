// SPDX-License-Identifier: Apache-2.0
// What require() returns: see streamer/src/native.ts. Only conversions and lifetimes here, no media logic.
#include "addon_data.h"
#include "convert.h"
#include "gst_start.h"
#include "session_wrap.h"

#include <napi.h>

#include <memory>
#include <utility>

namespace nestri::binding {
namespace {

constexpr int kInterfaceVersion = 1;

Napi::Value gstreamerVersion(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), nestri::gstreamerVersion());
}

Napi::Value inspect(const Napi::CallbackInfo& info) {
  const auto element = inspectElement(info[0].ToString().Utf8Value());
  return element ? toJs(info.Env(), *element) : info.Env().Null();
}

Napi::Value probeEncoder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  AddonData& data = addonData(env);
  const auto deferred = Napi::Promise::Deferred::New(env);
  const uint64_t id = data.nextProbe++;
  data.queue->hold(env);
  auto done = [queue = data.queue, deferred, id](ProbeResult result) {
    queue->post([deferred, id, result = std::move(result)](Napi::Env taskEnv) {
      AddonData& taskData = addonData(taskEnv);
      taskData.probes.erase(id);
      taskData.queue->letGo(taskEnv);
      deferred.Resolve(toJs(taskEnv, result));
    });
  };
  data.probes.emplace(id, startProbe(toProbeOptions(info[0].As<Napi::Object>()), std::move(done)));
  return deferred.Promise();
}

Napi::Value openSession(const Napi::CallbackInfo& info) {
  return addonData(info.Env()).sessionClass.New({info[0], info[1]});
}

/// The environment goes away, perhaps while streaming: everything that could call into it ends here.
void onEnvironmentCleanup(AddonData* data) {
  for (auto& [id, probe] : data->probes)
    probe.cancel();
  for (SessionWrap* session : data->openSessions)
    session->closeNow();
  data->openSessions.clear();
  data->queue->close();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  if (auto started = startGStreamer(); !started) {
    Napi::Error::New(env, started.error().message).ThrowAsJavaScriptException();
    return exports;
  }
  auto* data = new AddonData{.queue = EventQueue::create(env)};
  env.SetInstanceData(data);
  data->sessionClass = Napi::Persistent(SessionWrap::define(env));
  // Hooks run in reverse: this one before the queue's own, while calls are still safe.
  env.AddCleanupHook(onEnvironmentCleanup, data);
  exports.Set("interfaceVersion", Napi::Number::New(env, kInterfaceVersion));
  exports.Set("gstreamerVersion", Napi::Function::New<gstreamerVersion>(env, "gstreamerVersion"));
  exports.Set("inspectElement", Napi::Function::New<inspect>(env, "inspectElement"));
  exports.Set("probeEncoder", Napi::Function::New<probeEncoder>(env, "probeEncoder"));
  exports.Set("openSession", Napi::Function::New<openSession>(env, "openSession"));
  return exports;
}

}  // namespace
}  // namespace nestri::binding

namespace {
Napi::Object initAddon(Napi::Env env, Napi::Object exports) {
  return nestri::binding::init(env, exports);
}
}  // namespace

NODE_API_MODULE(nestri_streamer, initAddon)
