// SPDX-License-Identifier: Apache-2.0
// The slot between producer and encoder.

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "change_detector.h"
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
    slot.put(frameAt(i * 1'000'000'000LL / 75));
    taken += slot.takeIfDue() ? 1 : 0;
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

TEST_CASE("of two polls per period the one right behind the drawing is taken, whatever the phase at the start") {
  FrameSlot slot(60);
  int taken = 0;
  int afterDrawing = 0;
  // The program draws between the even and the odd polls: the odd ones show something new.
  for (int i = 0; i < 480; ++i) {
    RawFrame frame = frameAt(2'000 * kMs + i * 1'000'000'000LL / 120);
    frame.changed = i % 2 == 1;
    slot.put(std::move(frame));
    if (!slot.takeIfDue())
      continue;
    ++taken;
    afterDrawing += i % 2;
  }
  CHECK(taken >= 239);
  CHECK(taken <= 242);
  CHECK(taken - afterDrawing <= 1);
}

TEST_CASE("a picture that changes at every poll is taken at the frame rate, and so is one that never changes") {
  for (const bool changes : {true, false}) {
    FrameSlot slot(60);
    int taken = 0;
    for (int i = 0; i < 480; ++i) {
      RawFrame frame = frameAt(i * 1'000'000'000LL / 120);
      frame.changed = changes;
      slot.put(std::move(frame));
      taken += slot.takeIfDue() ? 1 : 0;
    }
    CHECK(taken == 240);
  }
}

TEST_CASE("a program that draws at odd times moves the pace by half a frame a second at most") {
  FrameSlot slot(60);
  int taken = 0;
  for (int i = 0; i < 1200; ++i) {
    RawFrame frame = frameAt(i * 1'000'000'000LL / 120);
    frame.changed = (i * 7919) % 5 == 0;
    slot.put(std::move(frame));
    taken += slot.takeIfDue() ? 1 : 0;
  }
  CHECK(taken >= 600);
  CHECK(taken <= 606);
}

TEST_CASE("a change is seen between pictures that differ in a few lines, and none between equal ones") {
  std::vector<uint8_t> picture(64 * 128, 7);
  ChangeDetector detector;
  CHECK(detector.changed(picture.data(), 128, 100, 64));
  CHECK_FALSE(detector.changed(picture.data(), 128, 100, 64));
  std::fill(picture.begin() + 20 * 128, picture.begin() + 30 * 128, 9);
  CHECK(detector.changed(picture.data(), 128, 100, 64));
  CHECK_FALSE(detector.changed(picture.data(), 128, 100, 64));
  // Beyond the picture's width nothing is looked at.
  picture[24 * 128 + 110] = 1;
  CHECK_FALSE(detector.changed(picture.data(), 128, 100, 64));
}
