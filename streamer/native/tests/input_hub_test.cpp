// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "core/input_hub.h"

using namespace nestri;
using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

/// Writes down what it is asked to inject.
class Recorder final : public InputInjector {
 public:
  explicit Recorder(Log& log) : log_(log) {}
  void key(uint16_t code, bool pressed) override { add((pressed ? "+" : "-") + std::to_string(code)); }
  void button(uint16_t code, bool pressed) override { add((pressed ? "b+" : "b-") + std::to_string(code)); }
  void wheel(int x, int y) override { add("wheel " + std::to_string(x) + " " + std::to_string(y)); }
  void relative(int dx, int dy) override { add("rel " + std::to_string(dx) + " " + std::to_string(dy)); }
  void absolute(uint16_t x, uint16_t y) override { add("abs " + std::to_string(x) + " " + std::to_string(y)); }
  void text(std::string_view utf8) override { add("text " + std::string(utf8)); }
  void flush() override {}

 private:
  void add(std::string line) { log_.push_back(std::move(line)); }
  Log& log_;
};

using Bytes = std::vector<uint8_t>;

Bytes header(uint8_t type, uint8_t small, uint16_t code, uint32_t seq) {
  return {type,
          small,
          static_cast<uint8_t>(code),
          static_cast<uint8_t>(code >> 8),
          static_cast<uint8_t>(seq),
          static_cast<uint8_t>(seq >> 8),
          static_cast<uint8_t>(seq >> 16),
          static_cast<uint8_t>(seq >> 24)};
}

void append(Bytes& bytes, int value) {
  bytes.push_back(static_cast<uint8_t>(value));
  bytes.push_back(static_cast<uint8_t>(value >> 8));
}

Bytes key(uint16_t code, bool pressed, uint32_t seq) {
  return header(1, pressed ? 1 : 0, code, seq);
}
Bytes button(uint16_t code, bool pressed, uint32_t seq) {
  return header(2, pressed ? 1 : 0, code, seq);
}
Bytes release(uint32_t seq) {
  return header(5, 0, 0, seq);
}

Bytes pair(uint8_t type, int x, int y, uint32_t seq) {
  Bytes bytes = header(type, 0, 0, seq);
  append(bytes, x);
  append(bytes, y);
  return bytes;
}

Bytes held(const std::vector<uint16_t>& codes, uint32_t seq) {
  Bytes bytes = header(4, static_cast<uint8_t>(codes.size()), 0, seq);
  for (const uint16_t code : codes)
    append(bytes, code);
  return bytes;
}

struct Fixture {
  Log log;
  InputHub::Clock::time_point now = InputHub::Clock::now();
  InputHub hub{std::make_unique<Recorder>(log), [this] { return now; }};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is pressed is pressed once and released once") {
  CHECK(hub.handle("a", key(30, true, 1)));
  CHECK(hub.handle("a", key(30, true, 2)));  // repeated by the browser
  CHECK(hub.handle("a", key(30, false, 3)));
  CHECK(hub.handle("a", key(30, false, 4)));
  CHECK(hub.handle("a", button(0x110, true, 5)));
  CHECK(hub.handle("a", button(0x110, false, 6)));
  CHECK(log == Log{"+30", "-30", "b+272", "b-272"});
  CHECK(hub.events() == 6);
  CHECK(hub.rejected() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a snapshot releases a key whose key-up was lost and presses one whose key-down was") {
  hub.handle("a", key(17, true, 1));
  hub.handle("a", key(42, true, 2));
  log.clear();
  CHECK(hub.handle("a", held({42, 30, 0x111}, 3)));
  CHECK(log == Log{"-17", "+30", "b+273"});
  log.clear();
  CHECK(hub.handle("a", held({}, 4)));
  CHECK(log.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "the release message lets go of everything of that viewer alone") {
  hub.handle("a", key(17, true, 1));
  hub.handle("a", button(0x110, true, 2));
  hub.handle("b", key(18, true, 1));
  log.clear();
  CHECK(hub.handle("a", release(3)));
  std::ranges::sort(log);
  CHECK(log == Log{"-17", "b-272"});
}

TEST_CASE_FIXTURE(Fixture, "a key that two viewers hold is released when the last one lets go") {
  hub.handle("a", key(17, true, 1));
  hub.handle("b", key(17, true, 1));
  hub.handle("a", key(17, false, 2));
  CHECK(log == Log{"+17"});
  hub.release("b");
  CHECK(log == Log{"+17", "-17"});
}

TEST_CASE("nothing stays pressed when the hub ends") {
  Log log;
  {
    InputHub hub(std::make_unique<Recorder>(log));
    hub.handle("a", key(17, true, 1));
    hub.handle("b", button(0x112, true, 1));
  }
  std::ranges::sort(log);
  CHECK(log == Log{"+17", "-17", "b+274", "b-274"});
}

TEST_CASE_FIXTURE(Fixture, "an older position is ignored, relative motion is always added") {
  CHECK(hub.handle("a", pair(0x12, 10, 10, 5)));
  CHECK(hub.handle("a", pair(0x12, 20, 20, 4)));
  CHECK(hub.handle("a", pair(0x12, 30, 30, 6)));
  CHECK(hub.handle("a", pair(0x11, 1, -1, 3)));
  CHECK(log == Log{"abs 10 10", "abs 30 30", "rel 1 -1"});
  CHECK(hub.lastSeq() == 6);
}

TEST_CASE_FIXTURE(Fixture, "sequence numbers go on over their wrap-around") {
  hub.handle("a", pair(0x12, 1, 1, 0xFFFFFFFF));
  hub.handle("a", pair(0x12, 2, 2, 0));
  hub.handle("a", pair(0x12, 3, 3, 0xFFFFFFFE));
  CHECK(log == Log{"abs 1 1", "abs 2 2"});
  CHECK(hub.lastSeq() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a page that was loaded anew starts its numbers again") {
  hub.handle("a", pair(0x12, 1, 1, 500));
  hub.handle("a", key(17, true, 501));
  hub.handle("a", release(1));
  CHECK(log.back() == "-17");
  hub.handle("a", pair(0x12, 2, 2, 2));
  CHECK(log.back() == "abs 2 2");
  CHECK(hub.lastSeq() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a viewer that falls silent while it holds something lets go of it") {
  hub.handle("a", key(17, true, 1));
  hub.handle("b", key(18, true, 1));
  now += 1500ms;
  hub.handle("b", held({18}, 2));
  now += 600ms;
  hub.releaseSilent();
  CHECK(log == Log{"+17", "+18", "-17"});
  now += 1500ms;
  hub.releaseSilent();
  CHECK(log.back() == "-18");
}

TEST_CASE("the hub itself notices the silence") {
  Log log;
  InputHub hub(std::make_unique<Recorder>(log));
  const auto start = InputHub::Clock::now();
  hub.handle("a", key(17, true, 1));
  // release() of another viewer takes the lock that orders the log's writes with this thread's reads.
  const auto size = [&] {
    hub.release("nobody");
    return log.size();
  };
  while (size() < 2 && InputHub::Clock::now() - start < 5s)
    std::this_thread::sleep_for(10ms);
  CHECK(log == Log{"+17", "-17"});
  CHECK(InputHub::Clock::now() - start >= InputHub::kSilence);
}

TEST_CASE_FIXTURE(Fixture, "malformed messages and codes that are no keys are refused and counted") {
  CHECK_FALSE(hub.handle("a", Bytes{}));
  CHECK_FALSE(hub.handle("a", Bytes{1, 2, 3}));
  CHECK_FALSE(hub.handle("a", key(0, true, 1)));
  CHECK_FALSE(hub.handle("a", key(0x110, true, 2)));
  CHECK_FALSE(hub.handle("a", button(30, true, 3)));
  CHECK_FALSE(hub.handle("a", button(0x120, true, 4)));  // a joystick
  CHECK_FALSE(hub.handle("a", held({30, 60000}, 5)));
  CHECK(log.empty());
  CHECK(hub.rejected() == 7);
  CHECK(hub.events() == 0);
  CHECK_FALSE(hub.lastSeq().has_value());
}

TEST_CASE_FIXTURE(Fixture, "one viewer holds a bounded number of keys") {
  uint32_t seq = 0;
  for (uint16_t code = 1; code <= kMaxHeldCodes; ++code)
    CHECK(hub.handle("a", key(code, true, ++seq)));
  CHECK_FALSE(hub.handle("a", key(100, true, ++seq)));
  CHECK(hub.handle("a", key(1, false, ++seq)));
  CHECK(hub.handle("a", key(100, true, ++seq)));
}

TEST_CASE_FIXTURE(Fixture, "a crowd of viewers is bounded; those that hold nothing make room") {
  for (size_t i = 0; i < InputHub::kMaxViewers; ++i) {
    CHECK(hub.handle("v" + std::to_string(i), key(static_cast<uint16_t>(1 + i), true, 1)));
  }
  CHECK_FALSE(hub.handle("late", key(200, true, 1)));
  CHECK(hub.handle("v0", release(2)));
  CHECK(hub.handle("late", key(200, true, 2)));
}

TEST_CASE("messages of many threads are taken one at a time") {
  Log log;
  InputHub hub(std::make_unique<Recorder>(log));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&hub, t] {
      const std::string viewer = "v" + std::to_string(t);
      const auto code = static_cast<uint16_t>(10 + t);
      for (uint32_t i = 0; i < 500; ++i)
        hub.handle(viewer, key(code, i % 2 == 0, i + 1));
      hub.release(viewer);
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(log.size() == 2000);
  CHECK(hub.events() == 2000);
}

TEST_CASE("the null injector takes everything") {
  InputHub hub(nullInjector());
  CHECK(hub.handle("a", key(17, true, 1)));
  CHECK(hub.handle("a", pair(3, 0, 120, 2)));
  CHECK(hub.handle("a", pair(0x11, 5, 5, 3)));
  CHECK(hub.handle("a", pair(0x12, 5, 5, 4)));
  CHECK(hub.events() == 4);
}
