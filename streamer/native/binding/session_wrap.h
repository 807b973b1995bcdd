// SPDX-License-Identifier: Apache-2.0
// NativeSession for JavaScript: turns calls into tasks of the session's control thread and settles their promises. It
// lives until closed, whether or not JavaScript still holds it. JavaScript thread only.
#pragma once

#include "control_thread.h"
#include "event_queue.h"
#include "session.h"

#include <napi.h>

#include <memory>
#include <vector>

namespace nestri::binding {

class SessionWrap : public Napi::ObjectWrap<SessionWrap> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit SessionWrap(const Napi::CallbackInfo& info);
  ~SessionWrap() override;

  /// Closes at once, on this thread: the environment is going away.
  void closeNow();

 private:
  using Work = std::move_only_function<Result<void>(Session&)>;

  Napi::Value start(const Napi::CallbackInfo& info);
  Napi::Value setAnswer(const Napi::CallbackInfo& info);
  Napi::Value restartEncoder(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  void setBitrate(const Napi::CallbackInfo& info);
  void requestKeyFrame(const Napi::CallbackInfo& info);
  void addInputStream(const Napi::CallbackInfo& info);
  void removeInputStream(const Napi::CallbackInfo& info);
  void releaseInput(const Napi::CallbackInfo& info);
  Napi::Value injectInput(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);

  /// Runs `work` on the control thread; the promise follows its result.
  Napi::Value inControl(Napi::Env env, Work work);

  std::shared_ptr<EventQueue> queue_;
  std::shared_ptr<Napi::FunctionReference> onEvent_;
  std::shared_ptr<EventLane> lane_;
  std::shared_ptr<Session> session_;
  std::unique_ptr<ControlThread> control_;
  bool closing_ = false;
  Napi::Reference<Napi::Promise> closed_;
};

}  // namespace nestri::binding
