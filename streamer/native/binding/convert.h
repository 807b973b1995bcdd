// SPDX-License-Identifier: Apache-2.0
// Plain C++ values from and to JavaScript, field by field as streamer/src/native.ts names them. The caller validated
// the options; a field of the wrong type reads as empty or zero. JavaScript thread only.
#pragma once

#include "media_types.h"
#include "probe.h"
#include "registry.h"

#include <napi.h>

namespace nestri::binding {

SessionOptions toSessionOptions(const Napi::Object& from);
EncoderOptions toEncoderOptions(const Napi::Object& from);
ProbeOptions toProbeOptions(const Napi::Object& from);

Napi::Value toJs(Napi::Env env, const ElementInfo& info);
Napi::Value toJs(Napi::Env env, const ProbeResult& result);
Napi::Value toJs(Napi::Env env, const Event& event);
Napi::Value toJs(Napi::Env env, const Stats& stats, uint64_t eventsDropped);

}  // namespace nestri::binding
