// SPDX-License-Identifier: Apache-2.0
// A thread that does one thing after the other: state changes of pipelines wait for threads and devices, and must
// therefore run neither on JavaScript's thread nor at the same time as each other.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace nestri {

class ControlThread {
 public:
  using Task = std::move_only_function<void()>;

  ControlThread() : thread_([this] { run(); }) {}
  ~ControlThread() { finish(); }
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  /// Does `task` after all earlier ones. Ignored after finish().
  void post(Task task) {
    const std::scoped_lock lock(mutex_);
    if (finishing_)
      return;
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

  /// Does what was posted and ends. Must not be called from a task.
  void finish() {
    {
      const std::scoped_lock lock(mutex_);
      finishing_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable())
      thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return finishing_ || !tasks_.empty(); });
      if (tasks_.empty())
        return;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool finishing_ = false;
  std::thread thread_;
};

}  // namespace nestri
