// SPDX-License-Identifier: Apache-2.0
// The books: key frames by reason, frames by stage, echoes of input.

#include <doctest/doctest.h>

#include "echo_ledger.h"
#include "frame_ledger.h"
#include "key_frames.h"

using namespace nestri;

namespace {

uint64_t countOf(const KeyFrames& keyFrames, KeyFrameReason reason) {
  return keyFrames.counts()[static_cast<size_t>(reason)];
}

constexpr int64_t kMs = 1'000'000;

}  // namespace

TEST_CASE("the first key frame of an encoder is its start, the next one without a request is unasked") {
  KeyFrames keyFrames;
  keyFrames.encoderStarts();
  keyFrames.cameOut(true, 10);
  keyFrames.cameOut(false, 20);
  keyFrames.cameOut(true, 30);
  CHECK(countOf(keyFrames, KeyFrameReason::start) == 1);
  CHECK(countOf(keyFrames, KeyFrameReason::unasked) == 1);
}

TEST_CASE("one key frame answers several requests and counts once") {
  KeyFrames keyFrames;
  keyFrames.ask(KeyFrameReason::pli, 5);
  keyFrames.ask(KeyFrameReason::pli, 6);
  keyFrames.ask(KeyFrameReason::join, 7);
  keyFrames.cameOut(true, 10);
  CHECK(countOf(keyFrames, KeyFrameReason::join) == 1);
  CHECK(countOf(keyFrames, KeyFrameReason::pli) == 0);
  keyFrames.cameOut(true, 20);
  CHECK(countOf(keyFrames, KeyFrameReason::unasked) == 1);
}

TEST_CASE("a request that comes while a frame is being encoded is answered by a later one") {
  KeyFrames keyFrames;
  keyFrames.ask(KeyFrameReason::pli, 15);
  keyFrames.cameOut(true, 10);
  CHECK(countOf(keyFrames, KeyFrameReason::unasked) == 1);
  keyFrames.cameOut(true, 20);
  CHECK(countOf(keyFrames, KeyFrameReason::pli) == 1);
}

TEST_CASE("a request that no key frame answered is forgotten after a second of frames") {
  KeyFrames keyFrames;
  keyFrames.ask(KeyFrameReason::pli, 5);
  for (int i = 0; i < 60; ++i)
    keyFrames.cameOut(false, 10 + i);
  keyFrames.cameOut(true, 100);
  CHECK(countOf(keyFrames, KeyFrameReason::pli) == 0);
  CHECK(countOf(keyFrames, KeyFrameReason::unasked) == 1);
}

TEST_CASE("frames are timed from capture to socket, and one that an encoder swallows is counted") {
  Counters counters;
  FrameLedger ledger(counters);
  ledger.timeFrom(0);
  for (int i = 0; i < 4; ++i) {
    const int64_t capturedAt = i * 16 * kMs;
    ledger.enteredEncoder(capturedAt, capturedAt + 1 * kMs);
    if (i == 2)
      continue;
    CHECK(ledger.leftEncoder(capturedAt, capturedAt + 4 * kMs, 1000).enteredAt == capturedAt + 1 * kMs);
    ledger.payloaded(capturedAt, static_cast<uint32_t>(i) * 1440);
    ledger.sent(static_cast<uint32_t>(i) * 1440, capturedAt + 5 * kMs);
  }
  CHECK(counters.framesEncoded == 3);
  CHECK(counters.bytesEncoded == 3000);
  CHECK(counters.droppedByEncoder == 1);
  CHECK(counters.droppedWhenSending == 0);
  CHECK(counters.encodeTimes.take().p50 == doctest::Approx(3));
  CHECK(counters.captureToSendTimes.take().p99 == doctest::Approx(5));
  CHECK(counters.captureToSendTimes.take().p50 == 0);
}

TEST_CASE("an encoded frame that never reaches the socket is counted, and waiting for a connection is not timed") {
  Counters counters;
  FrameLedger ledger(counters);
  for (int i = 0; i < 3; ++i) {
    ledger.enteredEncoder(i * 16 * kMs, i * 16 * kMs);
    ledger.leftEncoder(i * 16 * kMs, i * 16 * kMs, 10);
    ledger.payloaded(i * 16 * kMs, static_cast<uint32_t>(i));
  }
  ledger.timeFrom(40 * kMs);
  ledger.sent(2, 90 * kMs);
  CHECK(counters.droppedWhenSending == 2);
  CHECK(counters.captureToSendTimes.take().p50 == 0);
}

TEST_CASE("the first frame captured after an input carries its sequence number, once") {
  EchoLedger echo;
  echo.injected(7, 100);
  echo.injected(8, 110);
  CHECK_FALSE(echo.take(99));
  CHECK(echo.take(105) == 7);
  CHECK_FALSE(echo.take(106));
  CHECK(echo.take(200) == 8);
  CHECK_FALSE(echo.take(300));
}

TEST_CASE("more input than the ledger holds keeps the newest") {
  EchoLedger echo;
  for (uint32_t i = 0; i < 1000; ++i)
    echo.injected(i, i);
  CHECK(echo.take(5000) == 999);
}
