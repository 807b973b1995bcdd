// SPDX-License-Identifier: Apache-2.0
#include "test_source.h"

#include <chrono>
#include <utility>

namespace nestri {

TestSource::TestSource(const ProducerContext& context)
    : context_(context), painter_(context.options.widthPx, context.options.heightPx, context.options.framerateFps) {}

TestSource::~TestSource() {
  stop();
}

Result<void> TestSource::start() {
  thread_ = std::thread([this] { run(); });
  return {};
}

void TestSource::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
}

void TestSource::run() {
  using Clock = std::chrono::steady_clock;
  const auto period = std::chrono::nanoseconds(1'000'000'000LL / context_.options.framerateFps);
  auto next = Clock::now();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_until(lock, next, [this] { return stopping_; })) {
    lock.unlock();
    const int64_t capturedAt = context_.timeline.now();
    auto picture = painter_.paint();
    if (!picture) {
      context_.events(ErrorEvent{"producer", "painter", picture.error().message});
      return;
    }
    GST_BUFFER_PTS(picture->get()) = static_cast<GstClockTime>(capturedAt);
    GST_BUFFER_DURATION(picture->get()) = static_cast<GstClockTime>(period.count());
    context_.counters.framesCaptured.fetch_add(1, std::memory_order_relaxed);
    context_.counters.lastCapturedAt.store(capturedAt, std::memory_order_relaxed);
    context_.slot.put({std::move(*picture), share(painter_.caps()), capturedAt});
    next += period;
    // A machine that was asleep or overloaded does not paint what it missed.
    if (const auto now = Clock::now(); next < now)
      next = now;
    lock.lock();
  }
}

}  // namespace nestri
