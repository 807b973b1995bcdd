// SPDX-License-Identifier: Apache-2.0
// Capture of a real X display on which a real program draws the frame clock.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include "frame_clock.h"
#include "media_process.h"
#include "media_support.h"
#include "producer.h"

using namespace nestri;
using namespace nestri::test;

namespace {

/// Reads row 0 of the frame clock from 32-bit pixels.
std::optional<uint64_t> readClock(const uint8_t* pixels) {
  std::array<bool, kClockCells> seen{};
  for (int i = 0; i < kClockCells; ++i)
    seen[static_cast<size_t>(i)] = pixels[(kClockCellPx / 2 * 1280 + i * kClockCellPx + kClockCellPx / 2) * 4] >= 128;
  uint64_t value = 0;
  for (int i = 0; i < 40; ++i)
    value = (value << 1) | (seen[static_cast<size_t>(4 + i)] ? 1U : 0U);
  return clockCells(value) == seen ? std::optional(value) : std::nullopt;
}

/// A producer of `display` with what it needs.
struct Rig {
  EventLog log;
  SessionOptions options;
  Timeline timeline;
  FrameSlot slot{60};
  Counters counters;
  EventSink events = log.sink();
  std::unique_ptr<Producer> producer;

  explicit Rig(const std::string& display) {
    options.source = {.kind = SourceOptions::Kind::x11, .display = display};
    options.widthPx = 1280;
    options.heightPx = 720;
    options.framerateFps = 60;
    producer = makeProducer({options, timeline, slot, counters, events});
  }
  ~Rig() { producer->stop(); }
};

}  // namespace

TEST_CASE("an X display is captured at the frame rate, soon after each drawing") {
  const char* program = std::getenv("NESTRI_X11_CLOCK");
  REQUIRE_MESSAGE(program != nullptr, "NESTRI_X11_CLOCK must name the program nestri-x11-clock; meson test sets it");
  const Display display("1280x720");
  const Process painter({program, "--display", display.name(), "--fps", "60", "--size", "1280x720"});
  REQUIRE(painter.line().starts_with("ready"));
  Rig rig(display.name());
  const auto started = rig.producer->start();
  REQUIRE_MESSAGE(started, (started ? "" : started.error().message));

  std::vector<double> agesMs;
  int read = 0;
  int taken = 0;
  const int64_t begin = rig.timeline.now();
  while (taken < 150) {
    const auto frame = rig.slot.take();
    REQUIRE(frame);
    ++taken;
    const int64_t wallNow100us =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count() /
        100;
    const int64_t captured100us = wallNow100us - (rig.timeline.now() - frame->capturedAt) / 100'000;
    GstMapInfo map;
    REQUIRE(gst_buffer_map(frame->buffer.get(), &map, GST_MAP_READ));
    if (const auto drawn = readClock(map.data)) {
      ++read;
      agesMs.push_back(
          static_cast<double>((captured100us & static_cast<int64_t>(kClockMask)) - static_cast<int64_t>(*drawn)) / 10);
    }
    gst_buffer_unmap(frame->buffer.get(), &map);
  }
  const double seconds = static_cast<double>(rig.timeline.now() - begin) / 1e9;
  rig.producer->stop();
  std::sort(agesMs.begin(), agesMs.end());
  REQUIRE(!agesMs.empty());
  const double median = agesMs[agesMs.size() / 2];
  MESSAGE("drawn to captured: median ", median, " ms, p90 ", agesMs[agesMs.size() * 9 / 10], " ms; ", taken / seconds,
          " frames/s, ", read, " of ", taken, " read");
  CHECK(read >= taken * 9 / 10);
  // A poll period is 8.3 ms; the rest is room for a loaded machine.
  CHECK(median < 17);
  CHECK(taken / seconds < 62);
  CHECK(rig.counters.framesCaptured > static_cast<uint64_t>(taken));
}

TEST_CASE("a display that is not there is a failure with the element's words") {
  Rig rig(":9876");
  const auto started = rig.producer->start();
  REQUIRE_FALSE(started);
  CHECK(started.error().code == "ERR_SOURCE");
  CHECK(started.error().message.find("ximagesrc") != std::string::npos);
}

TEST_CASE("a display that dies while it is captured is told as an error of the producer, and the process lives") {
  Display display("1280x720");
  Rig rig(display.name());
  REQUIRE(rig.producer->start());
  REQUIRE(rig.slot.take());
  display.stop();
  CHECK(eventually([&] { return !rig.log.all<ErrorEvent>().empty(); }));
}
