// SPDX-License-Identifier: Apache-2.0
// Lets close() end a wait of the control thread before its time is up. Thread-safe; set once, never unset.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace nestri {

class Interrupt {
 public:
  void trigger() {
    const std::scoped_lock lock(mutex_);
    triggered_ = true;
    changed_.notify_all();
  }

  /// Waits until `ready()` is true, which is called under this object's lock; see notify(). False on time-out and when
  /// triggered.
  template <typename Ready>
  bool waitFor(std::chrono::milliseconds timeout, Ready ready) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return triggered_ || ready(); }) && !triggered_;
  }

  /// Changes what a waiter looks at, and wakes it.
  template <typename Change>
  void notify(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool triggered_ = false;
};

}  // namespace nestri
