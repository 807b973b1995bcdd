// SPDX-License-Identifier: Apache-2.0
// The slot between producer and encoder.

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "frame_slot.h"

using namespace nestri;

namespace {

constexpr int64_t kMs = 1'000'000;

RawFrame frameAt(int64_t capturedAt) {
  return {BufferPtr(gst_buffer_new()), nullptr, capturedAt};
}

}  // namespace

TEST_CASE("the slot gives out the newest frame and counts the one that was overtaken") {
  FrameSlot slot(60);
  slot.put(frameAt(0));
  slot.put(frameAt(17 * kMs));
  const auto taken = slot.take();
  REQUIRE(taken);
  CHECK(taken->capturedAt == 17 * kMs);
  CHECK(slot.overtaken() == 1);
  CHECK(slot.surplus() == 0);
}

TEST_CASE("a producer at twice the frame rate feeds every second frame, the rest is surplus and not a drop") {
  FrameSlot slot(60);
  int64_t last = -1;
  int taken = 0;
  for (int i = 0; i < 120; ++i) {
    slot.put(frameAt(i * 1'000'000'000LL / 120));
    if (i % 2 != 0)
      continue;
    const auto frame = slot.take();
    REQUIRE(frame);
    CHECK(frame->capturedAt > last);
    last = frame->capturedAt;
    ++taken;
  }
  CHECK(taken == 60);
  CHECK(slot.surplus() == 59);
  CHECK(slot.overtaken() == 0);
}

TEST_CASE("a frame that comes a little early for its turn is taken, one that is half a period early is not") {
  FrameSlot slot(60);
  slot.put(frameAt(0));
  REQUIRE(slot.take());
  slot.put(frameAt(8 * kMs));
  slot.put(frameAt(14 * kMs));
  const auto taken = slot.take();
  REQUIRE(taken);
  CHECK(taken->capturedAt == 14 * kMs);
  CHECK(slot.surplus() == 1);
}

TEST_CASE("a last frame that came too early is given out once no newer one follows") {
  FrameSlot slot(60);
  slot.put(frameAt(0));
  REQUIRE(slot.take());
  slot.put(frameAt(2 * kMs));
  const auto taken = slot.take();
  REQUIRE(taken);
  CHECK(taken->capturedAt == 2 * kMs);
}

TEST_CASE("a source of 75 Hz is thinned to the frame rate in the long run") {
  FrameSlot slot(60);
  int taken = 0;
  for (int i = 0; i < 750; ++i) {
    const int64_t at = i * 1'000'000'000LL / 75;
    slot.put(frameAt(at));
    slot.interrupt();
    slot.resume();
    // Taking without waiting: a consumer that would wait is told by the surplus counter.
    const uint64_t before = slot.surplus();
    slot.put(frameAt(at));
    if (slot.surplus() == before) {
      REQUIRE(slot.take());
      ++taken;
    }
  }
  CHECK(taken >= 590);
  CHECK(taken <= 605);
}

TEST_CASE("a waiting consumer is woken by a frame and by an interruption") {
  FrameSlot slot(60);
  std::thread producer([&slot] { slot.put(frameAt(5)); });
  CHECK(slot.take().has_value());
  producer.join();
  std::thread closer([&slot] { slot.interrupt(); });
  CHECK_FALSE(slot.take().has_value());
  closer.join();
  CHECK_FALSE(slot.take().has_value());
  slot.resume();
  slot.put(frameAt(60 * kMs));
  CHECK(slot.take().has_value());
}
