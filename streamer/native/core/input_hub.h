// SPDX-License-Identifier: Apache-2.0
// Joins the input of all viewers that hold a seat into one keyboard and one pointer. It knows what each viewer holds
// down, so that nothing stays pressed when a viewer lets go, leaves or falls silent. Thread-safe; owns one thread that
// sleeps unless something is held.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "input_decoder.h"
#include "input_injector.h"

namespace nestri {

class InputHub {
 public:
  using Clock = std::chrono::steady_clock;

  /// A page sends a snapshot every 250 ms while anything is held; after this silence it is gone or frozen.
  static constexpr std::chrono::milliseconds kSilence{2000};
  /// Viewers with something to remember. Seats are few; a forged crowd must not grow the table.
  static constexpr size_t kMaxViewers = 64;

  /// `now` is replaced by tests, which then call releaseSilent() themselves: no thread is started.
  explicit InputHub(std::unique_ptr<InputInjector> injector, const std::function<Clock::time_point()>& now = {});
  ~InputHub();
  InputHub(const InputHub&) = delete;
  InputHub& operator=(const InputHub&) = delete;

  /// Decodes one message of `viewer` and injects it. False = refused: malformed, a code that is neither key nor mouse
  /// button, more held at once than kMaxHeldCodes, or too many viewers.
  bool handle(std::string_view viewer, std::span<const uint8_t> message);

  /// Lets go of everything that `viewer` holds and forgets it (also its sequence numbers): call it when one of its
  /// channels closes.
  void release(std::string_view viewer);
  void releaseAll();

  /// Lets go of what viewers hold that have been silent for kSilence.
  void releaseSilent();

  /// Sequence number of the newest message that has been injected, of the viewer that sent last.
  std::optional<uint32_t> lastSeq() const;
  /// Messages injected.
  uint64_t events() const { return events_.load(std::memory_order_relaxed); }
  /// Messages refused.
  uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }

 private:
  struct Viewer {
    std::vector<uint16_t> held;  // at most kMaxHeldCodes
    Clock::time_point heardAt;
    std::optional<uint32_t> newestSeq;
    std::optional<uint32_t> orderedSeq;
    std::optional<uint32_t> absoluteSeq;
  };

  Viewer* viewerOf(std::string_view name);
  bool apply(Viewer& viewer, const InputMessage& message);
  bool set(Viewer& viewer, uint16_t code, bool pressed);
  bool snapshot(Viewer& viewer, const InputMessage& message);
  void letGo(Viewer& viewer);
  void inject(uint16_t code, bool pressed);
  void noteSeq(Viewer& viewer, const InputMessage& message);
  std::optional<Clock::time_point> nextDeadline() const;
  void watch();

  const std::unique_ptr<InputInjector> injector_;
  const std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool closing_ = false;
  std::map<std::string, Viewer, std::less<>> viewers_;
  /// How many viewers hold each code: the last one to let go releases it.
  std::map<uint16_t, unsigned> holders_;
  std::atomic<uint64_t> events_{0};
  std::atomic<uint64_t> rejected_{0};
  /// Sequence number with bit 32 set, or 0 while there is none.
  std::atomic<uint64_t> lastSeq_{0};
  std::thread watcher_;
};

}  // namespace nestri
