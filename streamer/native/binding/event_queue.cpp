// SPDX-License-Identifier: Apache-2.0
#include "event_queue.h"

#include <utility>

namespace nestri::binding {

std::shared_ptr<EventQueue> EventQueue::create(Napi::Env env) {
  auto queue = std::make_shared<EventQueue>();
  napi_value name = nullptr;
  napi_create_string_utf8(env, "nestri events", NAPI_AUTO_LENGTH, &name);
  // The function owns a reference to the queue, given back when Node finalises it.
  auto* owner = new std::shared_ptr<EventQueue>(queue);
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<EventQueue>*>(data); };
  const auto call = [](napi_env callEnv, napi_value, void* context, void*) {
    if (callEnv != nullptr)
      (*static_cast<std::shared_ptr<EventQueue>*>(context))->drain(Napi::Env(callEnv));
  };
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, owner, finalize, owner, call, &queue->function_);
  napi_unref_threadsafe_function(env, queue->function_);
  return queue;
}

bool EventQueue::post(Task task) {
  const std::scoped_lock lock(mutex_);
  if (function_ == nullptr)
    return false;
  tasks_.push_back(std::move(task));
  // One wake-up runs everything that waits.
  if (!std::exchange(woken_, true))
    napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
  return true;
}

void EventQueue::drain(Napi::Env env) {
  std::deque<Task> batch;
  {
    const std::scoped_lock lock(mutex_);
    batch.swap(tasks_);
    woken_ = false;
  }
  for (Task& task : batch) {
    const Napi::HandleScope scope(env);
    task(env);
    reportPendingException(env);
  }
}

void EventQueue::hold(Napi::Env env) {
  const std::scoped_lock lock(mutex_);
  if (function_ != nullptr && held_++ == 0)
    napi_ref_threadsafe_function(env, function_);
}

void EventQueue::letGo(Napi::Env env) {
  const std::scoped_lock lock(mutex_);
  if (function_ != nullptr && --held_ == 0)
    napi_unref_threadsafe_function(env, function_);
}

void EventQueue::close() {
  std::deque<Task> abandoned;
  const std::scoped_lock lock(mutex_);
  if (function_ == nullptr)
    return;
  abandoned.swap(tasks_);
  napi_release_threadsafe_function(std::exchange(function_, nullptr), napi_tsfn_abort);
}

void EventLane::send(EventQueue::Task task, int bound) {
  if (state_->waiting.fetch_add(1) >= bound) {
    state_->waiting.fetch_sub(1);
    state_->dropped.fetch_add(1);
    return;
  }
  queue_->post([state = state_, task = std::move(task)](Napi::Env env) mutable {
    state->waiting.fetch_sub(1);
    task(env);
  });
}

void reportPendingException(Napi::Env env) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending)
    return;
  napi_value thrown = nullptr;
  napi_get_and_clear_last_exception(env, &thrown);
  napi_fatal_exception(env, thrown);
}

}  // namespace nestri::binding
