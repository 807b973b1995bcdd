// SPDX-License-Identifier: Apache-2.0
// Probing: an encoder counts as working when it has encoded, and its own words say why it does not.

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <thread>

#include "probe.h"
#include "registry.h"

using namespace nestri;

namespace {

ProbeOptions options(std::string launch) {
  return {.launch = std::move(launch),
          .widthPx = 640,
          .heightPx = 368,
          .framerateFps = 30,
          .frames = 10,
          .timeoutMs = 20'000};
}

ProbeResult probe(ProbeOptions what) {
  std::promise<ProbeResult> promise;
  const ProbeHandle handle = startProbe(std::move(what), [&](ProbeResult result) { promise.set_value(result); });
  return promise.get_future().get();
}

}  // namespace

TEST_CASE("encoders that work are found to work, with what they cost and make") {
  for (const char* launch :
       {"videoconvert ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast",
        "videoconvert ! openh264enc name=encoder", "videoconvert ! vp8enc name=encoder deadline=1 cpu-used=-16"}) {
    CAPTURE(launch);
    const ProbeResult result = probe(options(launch));
    CHECK(result.reason == "");
    CHECK(result.ok);
    CHECK(result.framesOut == 10);
    CHECK(result.bytes > 1000);
    CHECK(result.encodeMsP50 > 0);
    CHECK(result.caps.starts_with("video/"));
  }
}

TEST_CASE("an encoder with lookahead passes: its frames come when the stream ends") {
  const ProbeResult result =
      probe(options("videoconvert ! x264enc name=encoder speed-preset=ultrafast rc-lookahead=20"));
  CHECK(result.ok);
  CHECK(result.framesOut == 10);
}

TEST_CASE("an encoder that is registered but fails its first buffer is rejected with its own words") {
  const ProbeResult result =
      probe(options("videoconvert ! x264enc name=encoder tune=zerolatency ! identity name=broken error-after=1"));
  CHECK_FALSE(result.ok);
  CHECK(result.reason.starts_with("broken: "));
  CHECK(result.reason.find("Failed after iterations as requested") != std::string::npos);
}

TEST_CASE("an encoder that is not there, or is not named, is rejected with the reason") {
  CHECK(probe(options("nosuchencoder name=encoder")).reason.find("nosuchencoder") != std::string::npos);
  CHECK(probe(options("videoconvert ! x264enc")).reason == "no element is named encoder");
  CHECK(probe(options("x264enc name=encoder bitrate=")).ok == false);
}

TEST_CASE("a driver that hangs costs its time limit and no more") {
  ProbeOptions what = options("identity sleep-time=3000000 ! videoconvert ! x264enc name=encoder");
  what.timeoutMs = 300;
  const auto begin = std::chrono::steady_clock::now();
  const ProbeResult result = probe(what);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
  CHECK_FALSE(result.ok);
  CHECK(result.reason == "no answer within 300 ms");
}

TEST_CASE("a probe that is cancelled answers at once") {
  std::promise<ProbeResult> promise;
  ProbeOptions what = options("identity sleep-time=3000000 ! videoconvert ! x264enc name=encoder");
  ProbeHandle handle = startProbe(std::move(what), [&](ProbeResult result) { promise.set_value(result); });
  handle.cancel();
  CHECK(promise.get_future().get().reason == "cancelled");
}

TEST_CASE("the registry tells an element's properties with their ranges and names") {
  const auto element = inspectElement("x264enc");
  REQUIRE(element);
  CHECK(element->klass == "Codec/Encoder/Video");
  CHECK(element->sinkCaps.find("video/x-raw") != std::string::npos);
  bool found = false;
  for (const ElementProperty& property : element->properties) {
    if (property.name == "speed-preset")
      CHECK(property.values.value_or(std::vector<std::string>{}).size() > 5);
    if (property.name != "bitrate")
      continue;
    found = true;
    CHECK(property.type == "guint");
    CHECK(property.writable);
    CHECK(property.minimum == 1);
  }
  CHECK(found);
  CHECK_FALSE(inspectElement("nosuchelement"));
}
