// SPDX-License-Identifier: Apache-2.0
// Whole sessions against a second webrtcbin.

#include <doctest/doctest.h>

#include <array>
#include <optional>

#include "media_peer.h"
#include "media_support.h"
#include "session.h"

using namespace nestri;
using namespace nestri::test;

namespace {

/// A session with a peer that answers its offers.
struct Link {
  EventLog log;
  Session session;
  std::optional<Peer> peer;
  size_t offersAnswered = 0;

  explicit Link(SessionOptions options) : session(std::move(options), log.sink()) {}

  void start() {
    const auto started = session.start();
    REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    connect();
  }

  /// Answers the next offer with a new peer and waits for media.
  void connect() {
    peer.emplace();
    REQUIRE(eventually([&] { return log.all<OfferEvent>().size() > offersAnswered; }));
    const auto answered = session.setAnswer(peer->answer(log.all<OfferEvent>()[offersAnswered].sdp));
    REQUIRE_MESSAGE(answered, (answered ? "" : answered.error().message));
    ++offersAnswered;
    REQUIRE(eventually([&] { return peer->videoFrames > 5; }));
  }

  uint64_t keyFrames(KeyFrameReason reason) { return session.stats().keyFrames[static_cast<size_t>(reason)]; }
};

std::array<uint8_t, 8> keyMessage(uint8_t code, bool pressed, uint8_t seq) {
  return {0x01, static_cast<uint8_t>(pressed ? 1 : 0), code, 0, seq, 0, 0, 0};
}

size_t countOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("the first offer has H.264 with RTX, Opus without, data, all extensions and two media streams") {
  SessionOptions options = smallSession();
  options.audio = tone();
  EventLog log;
  Session session(std::move(options), log.sink());
  REQUIRE(session.start());
  REQUIRE(eventually([&] { return !log.all<OfferEvent>().empty(); }));
  const std::string sdp = log.all<OfferEvent>()[0].sdp;
  CAPTURE(sdp);
  CHECK(countOf(sdp, "m=video") == 1);
  CHECK(countOf(sdp, "m=audio") == 1);
  CHECK(countOf(sdp, "m=application") == 1);
  CHECK(countOf(sdp, "packetization-mode=1") == 1);
  CHECK(countOf(sdp, "profile-level-id=42e02a") == 1);
  CHECK(countOf(sdp, "sprop-parameter-sets") == 0);
  CHECK(countOf(sdp, " rtx/90000") == 1);
  CHECK(countOf(sdp, " rtx/48000") == 0);
  CHECK(countOf(sdp, "a=sendonly") == 2);
  CHECK(countOf(sdp, "a=mid:video0\r") == 1);
  CHECK(countOf(sdp, "a=mid:audio1\r") == 1);
  CHECK(countOf(sdp, "a=extmap:5 ") == 1);
  CHECK(countOf(sdp, "a=extmap:7 ") == 1);
  CHECK(countOf(sdp, "a=extmap:8 ") == 1);
  CHECK(countOf(sdp, "a=extmap:1 ") == 1);
  CHECK(countOf(sdp, "msid:video ") == 2);
  CHECK(countOf(sdp, "msid:audio ") == 1);
}

TEST_CASE("media flows, every video packet is stamped, and nothing is lost behind the encoder") {
  SessionOptions options = smallSession();
  options.audio = tone();
  Link link(std::move(options));
  link.start();
  REQUIRE(eventually([&] { return link.peer->videoFrames > 60 && link.peer->audioPackets > 100; }));
  CHECK(link.peer->stampedPackets == link.peer->videoPackets);
  const Stats stats = link.session.stats();
  CHECK(stats.drops.encoder == 0);
  CHECK(stats.drops.send == 0);
  CHECK(stats.framesEncoded > 60);
  CHECK(stats.encodeMsP50 > 0);
  CHECK(stats.captureToSendMsP50 > stats.encodeMsP50);
  CHECK(stats.ages.sent >= 0);
  CHECK(link.log.all<FirstFrameEvent>().size() == 1);
  CHECK(link.log.all<ErrorEvent>().empty());
  CHECK(link.keyFrames(KeyFrameReason::start) == 1);
  CHECK(link.keyFrames(KeyFrameReason::unasked) == 0);
  link.session.close();
}

TEST_CASE("VP8 flows as well") {
  SessionOptions options = smallSession();
  options.encoder = vp8(2000);
  Link link(std::move(options));
  link.start();
  CHECK(eventually([&] { return link.peer->stampedPackets > 20; }));
  CHECK(link.peer->stampedPackets == link.peer->videoPackets);
}

TEST_CASE("a PLI of the relay makes one key frame and is counted as such, a request counts as its reason") {
  Link link(smallSession());
  link.start();
  link.peer->requestKeyFrame();
  CHECK(eventually([&] { return link.keyFrames(KeyFrameReason::pli) == 1; }));
  link.session.requestKeyFrame(KeyFrameReason::join);
  CHECK(eventually([&] { return link.keyFrames(KeyFrameReason::join) == 1; }));
  const uint64_t frames = link.session.stats().framesEncoded;
  REQUIRE(eventually([&] { return link.session.stats().framesEncoded > frames + 30; }));
  CHECK(link.keyFrames(KeyFrameReason::pli) == 1);
  CHECK(link.keyFrames(KeyFrameReason::unasked) == 0);
}

TEST_CASE("the bitrate falls when asked, without a key frame") {
  SessionOptions options = smallSession();
  options.encoder = x264(3000);
  Link link(std::move(options));
  link.start();
  const auto bytesOver = [&](uint64_t frames) {
    const Stats before = link.session.stats();
    REQUIRE(eventually([&] { return link.session.stats().framesEncoded >= before.framesEncoded + frames; }));
    const Stats after = link.session.stats();
    return static_cast<double>(after.bytesEncoded - before.bytesEncoded) /
           static_cast<double>(after.framesEncoded - before.framesEncoded);
  };
  bytesOver(30);
  const double before = bytesOver(30);
  const auto keyFramesBefore = link.session.stats().keyFrames[static_cast<size_t>(KeyFrameReason::unasked)];
  link.session.setBitrate(500);
  bytesOver(3);
  const double after = bytesOver(30);
  CAPTURE(before);
  CAPTURE(after);
  CHECK(after < before * 0.5);
  CHECK(after * 30 * 8 < 500'000 * 1.2);
  CHECK(link.keyFrames(KeyFrameReason::unasked) == keyFramesBefore);
}

TEST_CASE("an encoder restart makes a new offer and never stops the producer") {
  Link link(smallSession());
  link.start();
  link.session.setBitrate(1500);
  for (int i = 0; i < 3; ++i) {
    const Stats before = link.session.stats();
    REQUIRE(link.session.restartEncoder(i == 1 ? vp8(1000) : x264(1000)));
    link.connect();
    const Stats after = link.session.stats();
    CHECK(after.framesCaptured > before.framesCaptured);
    CHECK(after.ages.captured < 1000);
  }
  CHECK(link.keyFrames(KeyFrameReason::start) == 4);
  CHECK(link.log.all<ErrorEvent>().empty());
}

TEST_CASE("an encoder that cannot be built leaves the producer running and can be followed by one that works") {
  Link link(smallSession());
  link.start();
  EncoderOptions broken = x264(1000);
  broken.launch = "videoconvert ! nosuchencoder name=encoder";
  const auto refused = link.session.restartEncoder(broken);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("nosuchencoder") != std::string::npos);
  const uint64_t captured = link.session.stats().framesCaptured;
  CHECK(eventually([&] { return link.session.stats().framesCaptured > captured + 5; }));
  REQUIRE(link.session.restartEncoder(x264(1000)));
  link.connect();
}

TEST_CASE("an encoder that fails while it runs is told as an error of the encoder, and capture goes on") {
  SessionOptions options = smallSession();
  options.encoder.launch = "videoconvert ! identity name=breaker error-after=40 ! " + options.encoder.launch;
  Link link(std::move(options));
  link.start();
  REQUIRE(eventually([&] { return !link.log.all<ErrorEvent>().empty(); }));
  const ErrorEvent error = link.log.all<ErrorEvent>()[0];
  CHECK(error.part == "encoder");
  CHECK(error.element == "breaker");
  const uint64_t captured = link.session.stats().framesCaptured;
  CHECK(eventually([&] { return link.session.stats().framesCaptured > captured + 5; }));
}

TEST_CASE("audio that cannot start is told and does not stop the picture") {
  for (const char* launch : {"nosuchsource ! opusenc ! rtpopuspay pt=111",
                             "pulsesrc server=/nonexistent ! audioconvert ! opusenc ! rtpopuspay pt=111"}) {
    CAPTURE(launch);
    SessionOptions options = smallSession();
    options.audio = tone();
    options.audio->launch = launch;
    Link link(std::move(options));
    link.start();
    REQUIRE(eventually([&] { return !link.log.all<ErrorEvent>().empty(); }));
    CHECK(link.log.all<ErrorEvent>()[0].part == "audio");
    const uint64_t frames = link.peer->videoFrames;
    CHECK(eventually([&] { return link.peer->videoFrames > frames + 5; }));
  }
}

TEST_CASE("input opened at run time is injected, echoed with the frame that shows it, and released with its channel") {
  Link link(smallSession());
  link.start();
  link.session.addInputStream("viewer-1", 4);
  REQUIRE(eventually([&] { return !link.log.all<InputReadyEvent>().empty() && link.peer->inputReady(4); }));
  CHECK(link.log.all<InputReadyEvent>()[0].streamId == 4);
  link.peer->sendInput(4, keyMessage(30, true, 21));
  REQUIRE(eventually([&] { return link.session.stats().inputEvents == 1; }));
  REQUIRE(eventually([&] { return !link.peer->echoes().empty(); }));
  const EchoMessage echo = link.peer->echoes()[0];
  CHECK(echo.seq == 21);
  CHECK(eventually([&] { return link.peer->timestamps().contains(echo.rtpTimestamp); }));
  const std::array<uint8_t, 2> garbage{9, 9};
  link.peer->sendInput(4, garbage);
  CHECK(eventually([&] { return link.session.stats().inputRejected == 1; }));

  // A stream that was taken from its viewer counts for nobody.
  link.session.removeInputStream(4);
  link.peer->sendInput(4, keyMessage(30, true, 22));
  link.session.addInputStream("viewer-2", 4);
  REQUIRE(eventually([&] { return link.log.all<InputReadyEvent>().size() == 2; }));
  link.peer->sendInput(4, keyMessage(31, true, 1));
  CHECK(eventually([&] { return link.session.stats().inputEvents >= 2; }));
  const uint64_t echoes = link.peer->echoes().size();
  // The relay closes the channel: nothing more is taken from it, and no thread stays.
  link.peer->closeInput(4);
  CHECK(eventually([&] { return link.peer->echoes().size() >= echoes; }));
}

TEST_CASE("input that arrives before its channel was opened here is taken from then on") {
  Link link(smallSession());
  link.start();
  REQUIRE(eventually([&] { return link.peer->inputReady(6); }));
  link.peer->sendInput(6, keyMessage(30, true, 1));
  const uint64_t frames = link.peer->videoFrames;
  REQUIRE(eventually([&] { return link.peer->videoFrames > frames + 10; }));
  link.session.addInputStream("viewer-1", 6);
  REQUIRE(eventually([&] {
    link.peer->sendInput(6, keyMessage(30, false, 2));
    return link.session.stats().inputEvents >= 1;
  }));
}

TEST_CASE("calls out of order are refused, and closing twice is closing once") {
  EventLog log;
  Session session(smallSession(), log.sink());
  CHECK(session.setAnswer("v=0").error().code == "ERR_STATE");
  CHECK(session.restartEncoder(x264(1000)).error().code == "ERR_STATE");
  session.addInputStream("v", 2);
  session.removeInputStream(2);
  session.setBitrate(1000);
  session.requestKeyFrame(KeyFrameReason::join);
  REQUIRE(session.start());
  CHECK(session.start().error().code == "ERR_STATE");
  CHECK_FALSE(session.setAnswer("no SDP"));
  session.close();
  session.close();
  CHECK(log.all<ErrorEvent>().empty());
}

TEST_CASE("sessions that end return every file descriptor and thread") {
  const auto once = [] {
    SessionOptions options = smallSession();
    options.audio = tone();
    Link link(std::move(options));
    link.start();
    link.session.close();
  };
  // The first ones load plugins and start what GLib keeps.
  once();
  once();
  const auto settled = [] {
    const int files = entriesOf("/proc/self/fd");
    const int threads = entriesOf("/proc/self/task");
    return std::pair(files, threads);
  };
  const auto before = settled();
  for (int i = 0; i < 20; ++i)
    once();
  CHECK(eventually([&] { return entriesOf("/proc/self/fd") <= before.first; }));
  CHECK(eventually([&] { return entriesOf("/proc/self/task") <= before.second; }));
}
