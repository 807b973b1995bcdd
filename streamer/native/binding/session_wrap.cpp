// SPDX-License-Identifier: Apache-2.0
#include "session_wrap.h"

#include "addon_data.h"
#include "convert.h"

#include <span>
#include <string>
#include <utility>

namespace nestri::binding {
namespace {

/// Warnings leave room in the queue for what must not be missed.
constexpr int kWarningBound = EventLane::kBound / 2;

Napi::Value toJsError(Napi::Env env, const Error& error) {
  Napi::Error made = Napi::Error::New(env, error.message);
  made.Set("code", error.code);
  return made.Value();
}

KeyFrameReason keyFrameReason(const std::string& name) {
  if (name == "join")
    return KeyFrameReason::join;
  return name == "drop" ? KeyFrameReason::drop : KeyFrameReason::request;
}

std::string firstText(const Napi::CallbackInfo& info) {
  return info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
}

int firstNumber(const Napi::CallbackInfo& info) {
  return info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0;
}

}  // namespace

Napi::Function SessionWrap::define(Napi::Env env) {
  return DefineClass(env, "NativeSession",
                     {InstanceMethod<&SessionWrap::start>("start"),
                      InstanceMethod<&SessionWrap::setAnswer>("setAnswer"),
                      InstanceMethod<&SessionWrap::setBitrate>("setBitrate"),
                      InstanceMethod<&SessionWrap::requestKeyFrame>("requestKeyFrame"),
                      InstanceMethod<&SessionWrap::addInputStream>("addInputStream"),
                      InstanceMethod<&SessionWrap::removeInputStream>("removeInputStream"),
                      InstanceMethod<&SessionWrap::releaseInput>("releaseInput"),
                      InstanceMethod<&SessionWrap::injectInput>("injectInput"),
                      InstanceMethod<&SessionWrap::restartEncoder>("restartEncoder"),
                      InstanceMethod<&SessionWrap::stats>("stats"), InstanceMethod<&SessionWrap::close>("close")});
}

SessionWrap::SessionWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SessionWrap>(info) {
  const Napi::Env env = info.Env();
  AddonData& data = addonData(env);
  queue_ = data.queue;
  onEvent_ = std::make_shared<Napi::FunctionReference>(Napi::Persistent(info[1].As<Napi::Function>()));
  lane_ = std::make_shared<EventLane>(queue_);
  EventSink sink = [lane = lane_, onEvent = std::weak_ptr(onEvent_)](Event event) {
    const int bound = std::holds_alternative<WarningEvent>(event) ? kWarningBound : EventLane::kBound;
    lane->send(
        [onEvent, event = std::move(event)](Napi::Env taskEnv) {
          if (const auto callback = onEvent.lock())
            callback->Value().Call({toJs(taskEnv, event)});
        },
        bound);
  };
  session_ = std::make_shared<Session>(toSessionOptions(info[0].As<Napi::Object>()), std::move(sink));
  control_ = std::make_unique<ControlThread>();
  data.openSessions.insert(this);
  queue_->hold(env);
  // An open session must not be collected: it has threads that speak to JavaScript.
  Ref();
}

SessionWrap::~SessionWrap() = default;

void SessionWrap::closeNow() {
  closing_ = true;
  onEvent_.reset();
  session_->interrupt();
  control_->post([session = session_] { session->close(); });
  control_->finish();
}

Napi::Value SessionWrap::inControl(Napi::Env env, Work work) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  if (closing_) {
    deferred.Reject(toJsError(env, {"ERR_CLOSED", "the session is closed"}));
    return deferred.Promise();
  }
  control_->post([session = session_, queue = queue_, deferred, work = std::move(work)]() mutable {
    Result<void> result = work(*session);
    queue->post([deferred, result = std::move(result)](Napi::Env taskEnv) {
      if (result) {
        deferred.Resolve(taskEnv.Undefined());
      } else {
        deferred.Reject(toJsError(taskEnv, result.error()));
      }
    });
  });
  return deferred.Promise();
}

Napi::Value SessionWrap::start(const Napi::CallbackInfo& info) {
  return inControl(info.Env(), [](Session& session) { return session.start(); });
}

Napi::Value SessionWrap::setAnswer(const Napi::CallbackInfo& info) {
  return inControl(info.Env(), [sdp = firstText(info)](Session& session) { return session.setAnswer(sdp); });
}

Napi::Value SessionWrap::restartEncoder(const Napi::CallbackInfo& info) {
  return inControl(info.Env(), [encoder = toEncoderOptions(info[0].As<Napi::Object>())](Session& session) {
    return session.restartEncoder(encoder);
  });
}

// Refuse calls, stop the pipelines off the JavaScript thread, then drop the event callback and settle.
Napi::Value SessionWrap::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (closing_)
    return closed_.IsEmpty() ? env.Undefined() : closed_.Value();
  closing_ = true;
  const auto deferred = Napi::Promise::Deferred::New(env);
  closed_ = Napi::Persistent(deferred.Promise());
  session_->interrupt();
  control_->post([this, session = session_, queue = queue_, deferred] {
    session->close();
    queue->post([this, deferred](Napi::Env taskEnv) {
      control_->finish();
      onEvent_.reset();
      addonData(taskEnv).openSessions.erase(this);
      queue_->letGo(taskEnv);
      deferred.Resolve(taskEnv.Undefined());
      Unref();
    });
  });
  return deferred.Promise();
}

void SessionWrap::setBitrate(const Napi::CallbackInfo& info) {
  if (!closing_)
    session_->setBitrate(firstNumber(info));
}

void SessionWrap::requestKeyFrame(const Napi::CallbackInfo& info) {
  if (!closing_)
    session_->requestKeyFrame(keyFrameReason(firstText(info)));
}

void SessionWrap::addInputStream(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  if (!closing_)
    session_->addInputStream(options.Get("viewer").ToString().Utf8Value(),
                             options.Get("streamId").ToNumber().Int32Value());
}

void SessionWrap::removeInputStream(const Napi::CallbackInfo& info) {
  if (!closing_)
    session_->removeInputStream(firstNumber(info));
}

void SessionWrap::releaseInput(const Napi::CallbackInfo& info) {
  if (!closing_)
    session_->releaseInput(firstText(info));
}

Napi::Value SessionWrap::injectInput(const Napi::CallbackInfo& info) {
  if (closing_ || !info[1].IsTypedArray())
    return Napi::Boolean::New(info.Env(), false);
  const auto bytes = info[1].As<Napi::Uint8Array>();
  return Napi::Boolean::New(info.Env(),
                            session_->injectInput(firstText(info), std::span(bytes.Data(), bytes.ByteLength())));
}

Napi::Value SessionWrap::stats(const Napi::CallbackInfo& info) {
  return toJs(info.Env(), session_->stats(), lane_->dropped());
}

}  // namespace nestri::binding
