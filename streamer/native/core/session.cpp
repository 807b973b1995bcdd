// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include "x11_injector.h"

#include <utility>

namespace nestri {
namespace {

double ageMs(const std::atomic<int64_t>& moment, int64_t now) {
  const int64_t at = moment.load(std::memory_order_relaxed);
  return at < 0 ? -1 : static_cast<double>(now - at) / 1e6;
}

}  // namespace

Session::Session(SessionOptions options, EventSink events)
    : options_(std::move(options)), events_(std::move(events)), audioSsrc_(g_random_int()),
      slot_(options_.framerateFps) {}

Session::~Session() {
  close();
}

Result<void> Session::openInput() {
  std::unique_ptr<InputInjector> injector = nullInjector();
  if (options_.inputDisplay) {
    auto opened = openX11Injector(*options_.inputDisplay);
    if (!opened)
      return std::unexpected(opened.error());
    injector = std::move(*opened);
  }
  auto hub = std::make_shared<InputHub>(std::move(injector));
  const std::scoped_lock lock(mutex_);
  hub_ = std::move(hub);
  return {};
}

Result<void> Session::start() {
  if (producer_ || closed_)
    return fail("ERR_STATE", "the session was already started");
  if (auto opened = openInput(); !opened)
    return opened;
  producer_ = makeProducer({options_, *timeline_, slot_, counters_, events_});
  Result<void> result = producer_->start();
  if (result)
    result = startEncoder(options_.encoder);
  if (!result) {
    close();
    return result;
  }
  if (options_.audio) {
    audio_ = std::make_unique<AudioSource>(*options_.audio, audioSsrc_, *timeline_, counters_, events_,
                                           [this](GstSample* sample) {
                                             if (const auto current = encoder())
                                               current->pushAudio(sample);
                                           });
    audio_->start();
  }
  return {};
}

Result<void> Session::startEncoder(const EncoderOptions& options) {
  auto made = EncoderPipeline::create(options, {.options = options_,
                                                .timeline = timeline_,
                                                .slot = slot_,
                                                .counters = counters_,
                                                .keyFrames = keyFrames_,
                                                .hub = hub_,
                                                .echo = echo_,
                                                .events = events_,
                                                .audioSsrc = audioSsrc_});
  if (!made)
    return std::unexpected(made.error());
  std::shared_ptr<EncoderPipeline> pipeline = std::move(*made);
  {
    const std::scoped_lock lock(mutex_);
    encoder_ = pipeline;
    if (bitrateKbps_)
      pipeline->setBitrate(*bitrateKbps_);
  }
  auto started = pipeline->start();
  if (!started) {
    pipeline.reset();
    stopEncoder();
  }
  return started;
}

void Session::stopEncoder() {
  // The last reference may be dropped by a caller of stats() or by audio: the pipeline is stopped here in any case.
  std::shared_ptr<EncoderPipeline> old;
  {
    const std::scoped_lock lock(mutex_);
    old = std::exchange(encoder_, nullptr);
  }
  if (old)
    old->stop();
}

Result<void> Session::setAnswer(const std::string& sdp) {
  const auto current = encoder();
  if (!current)
    return fail("ERR_STATE", "no encoder is running");
  return current->publisher().setAnswer(sdp, interrupt_);
}

Result<void> Session::restartEncoder(const EncoderOptions& options) {
  if (!producer_)
    return fail("ERR_STATE", "the session is not started");
  stopEncoder();
  return startEncoder(options);
}

void Session::addInputStream(const std::string& viewer, int streamId) {
  const std::scoped_lock lock(mutex_);
  if (encoder_)
    encoder_->dataChannels().openInput(viewer, streamId);
}

void Session::removeInputStream(int streamId) {
  const std::scoped_lock lock(mutex_);
  if (encoder_)
    encoder_->dataChannels().closeInput(streamId);
}

void Session::close() {
  stopEncoder();
  closed_ = true;
  audio_.reset();
  producer_.reset();
  slot_.clear();
  std::shared_ptr<InputHub> hub;
  {
    const std::scoped_lock lock(mutex_);
    hub = std::move(hub_);
    if (hub) {
      hub->releaseAll();
      lastInputEvents_ = hub->events();
      lastInputRejected_ = hub->rejected();
    }
  }
}

void Session::setBitrate(int bitrateKbps) {
  const std::scoped_lock lock(mutex_);
  bitrateKbps_ = bitrateKbps;
  if (encoder_)
    encoder_->setBitrate(bitrateKbps);
}

void Session::requestKeyFrame(KeyFrameReason reason) {
  if (const auto current = encoder())
    current->requestKeyFrame(reason);
}

void Session::releaseInput(std::string_view viewer) {
  std::shared_ptr<InputHub> hub;
  {
    const std::scoped_lock lock(mutex_);
    hub = hub_;
  }
  if (hub)
    hub->release(viewer);
}

bool Session::injectInput(std::string_view viewer, std::span<const uint8_t> message) {
  std::shared_ptr<InputHub> hub;
  {
    const std::scoped_lock lock(mutex_);
    hub = hub_;
  }
  if (!hub || !hub->handle(viewer, message))
    return false;
  if (const auto seq = hub->lastSeq())
    echo_->injected(*seq, timeline_->now());
  return true;
}

void Session::interrupt() {
  interrupt_->trigger();
}

std::shared_ptr<EncoderPipeline> Session::encoder() {
  const std::scoped_lock lock(mutex_);
  return encoder_;
}

Stats Session::stats() {
  const int64_t now = timeline_->now();
  Stats stats;
  stats.framesCaptured = counters_.framesCaptured.load();
  stats.framesEncoded = counters_.framesEncoded.load();
  stats.bytesEncoded = counters_.bytesEncoded.load();
  const Percentiles encodeTimes = counters_.encodeTimes.take();
  const Percentiles sendTimes = counters_.captureToSendTimes.take();
  stats.encodeMsP50 = encodeTimes.p50;
  stats.encodeMsP99 = encodeTimes.p99;
  stats.captureToSendMsP50 = sendTimes.p50;
  stats.captureToSendMsP99 = sendTimes.p99;
  stats.drops.capture = slot_.surplus();
  stats.drops.queue = slot_.overtaken();
  stats.drops.encoder = counters_.droppedByEncoder.load();
  stats.drops.send = counters_.droppedWhenSending.load();
  const auto keyFrames = keyFrames_.counts();
  std::copy(keyFrames.begin(), keyFrames.end(), stats.keyFrames);
  stats.largestFrameBytes = counters_.largestFrameBytes.load();
  stats.audioPackets = counters_.audioPackets.load();
  {
    const std::scoped_lock lock(mutex_);
    stats.inputEvents = hub_ ? hub_->events() : lastInputEvents_;
    stats.inputRejected = hub_ ? hub_->rejected() : lastInputRejected_;
  }
  stats.ages.captured = ageMs(counters_.lastCapturedAt, now);
  stats.ages.encoded = ageMs(counters_.lastEncodedAt, now);
  stats.ages.sent = ageMs(counters_.lastSentAt, now);
  return stats;
}

}  // namespace nestri
