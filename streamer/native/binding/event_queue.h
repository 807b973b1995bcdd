// SPDX-License-Identifier: Apache-2.0
// The only way from foreign threads to JavaScript: a queue per environment whose tasks run on the JavaScript thread.
// Node's thread-safe function may not be called once its environment goes away, so a mutex stands between every call
// and its release. Events are bounded per lane and dropped beyond; settling a promise is never dropped.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace nestri::binding {

class EventQueue : public std::enable_shared_from_this<EventQueue> {
 public:
  using Task = std::move_only_function<void(Napi::Env)>;

  /// JavaScript thread.
  static std::shared_ptr<EventQueue> create(Napi::Env env);

  /// Runs `task` on the JavaScript thread. Any thread, never blocks. False = the environment is gone, nothing will run.
  bool post(Task task);

  /// Keeps the process alive while anything is held. JavaScript thread.
  void hold(Napi::Env env);
  void letGo(Napi::Env env);

  /// No task runs from now on. JavaScript thread, once, before the environment goes.
  void close();

 private:
  void drain(Napi::Env env);

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
  std::deque<Task> tasks_;
  bool woken_ = false;
  int held_ = 0;
};

/// One session's share of the queue: at most kBound events wait, the rest is counted and dropped.
class EventLane {
 public:
  static constexpr int kBound = 256;

  explicit EventLane(std::shared_ptr<EventQueue> queue) : queue_(std::move(queue)) {}

  /// Any thread. `bound` may be lower for events that matter less.
  void send(EventQueue::Task task, int bound = kBound);
  [[nodiscard]] uint64_t dropped() const { return state_->dropped.load(); }

 private:
  struct State {
    std::atomic<int> waiting{0};
    std::atomic<uint64_t> dropped{0};
  };
  std::shared_ptr<EventQueue> queue_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Hands an exception that a callback threw to `uncaughtException`. Values that are no Error (`throw null`) as well.
void reportPendingException(Napi::Env env);

}  // namespace nestri::binding
