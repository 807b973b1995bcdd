// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include "bus_watch.h"
#include "gst_ptr.h"
#include "painter.h"
#include "percentiles.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace nestri {

using Clock = std::chrono::steady_clock;

/// Shared by the encoding thread, the watching thread and the handle; whoever is last frees it.
struct ProbeHandle::State {
  explicit State(ProbeOptions given) : options(std::move(given)) {}

  const ProbeOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  bool cancelled = false;
  std::optional<ProbeResult> result;
  std::thread watcher;

  bool isCancelled() {
    const std::scoped_lock lock(mutex);
    return cancelled;
  }

  void finish(ProbeResult value) {
    const std::scoped_lock lock(mutex);
    if (!result)
      result = std::move(value);
    changed.notify_all();
  }
};

namespace {

constexpr int kPatientFrames = 3;

ProbeResult failed(std::string reason) {
  ProbeResult result;
  result.reason = std::move(reason);
  return result;
}

/// One probing pipeline: appsrc, the candidate, appsink. Lives and dies on the encoding thread.
class ProbePipeline {
 public:
  explicit ProbePipeline(const ProbeOptions& options) : options_(options) {}

  ~ProbePipeline() {
    if (pipeline_)
      gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }

  ProbeResult run(const std::function<bool()>& cancelled) {
    if (std::string reason = build(); !reason.empty())
      return failed(std::move(reason));
    if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
      return failed(errorOr("the pipeline does not start"));
    ProbeResult result;
    const auto deadline = Clock::now() + std::chrono::milliseconds(options_.timeoutMs);
    encode(result, cancelled, deadline);
    result.reason = errorOr("");
    if (result.reason.empty() && result.framesOut < options_.frames)
      result.reason = "encoder: " + std::to_string(result.framesOut) + " of " + std::to_string(options_.frames) +
                      " frames came out";
    result.ok = result.reason.empty();
    result.encodeMsP50 = durations_.take().p50;
    return result;
  }

 private:
  std::string build() {
    GError* raw = nullptr;
    const std::string text = "appsrc name=nestriprobein ! " + options_.launch + " ! appsink name=nestriprobeout";
    GstElement* parsed = gst_parse_launch_full(text.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw);
    const ErrorPtr error(raw);
    if (parsed == nullptr)
      return error ? error->message : "the pipeline cannot be built";
    pipeline_.reset(GST_ELEMENT(gst_object_ref_sink(parsed)));
    watch_.emplace(pipeline_.get(), [](const BusReport&) {});
    GstBin* bin = GST_BIN(pipeline_.get());
    source_.reset(GST_APP_SRC(gst_bin_get_by_name(bin, "nestriprobein")));
    sink_.reset(GST_APP_SINK(gst_bin_get_by_name(bin, "nestriprobeout")));
    encoder_.reset(gst_bin_get_by_name(bin, "encoder"));
    if (!encoder_)
      return "no element is named encoder";
    gst_app_src_set_caps(source_.get(), painter_.caps());
    g_object_set(source_.get(), "format", GST_FORMAT_TIME, nullptr);
    g_object_set(sink_.get(), "sync", FALSE, nullptr);
    return {};
  }

  /// Encodes frame after frame, waiting for each: the time in between is what one frame costs.
  void encode(ProbeResult& result, const std::function<bool()>& cancelled, Clock::time_point deadline) {
    const GstClockTime frameTime = GST_SECOND / static_cast<guint64>(options_.framerateFps);
    for (int i = 0; i < options_.frames && !cancelled() && watch_->firstError().empty(); ++i) {
      auto picture = painter_.paint();
      if (!picture)
        return;
      GST_BUFFER_PTS(picture->get()) = static_cast<GstClockTime>(i) * frameTime;
      GST_BUFFER_DURATION(picture->get()) = frameTime;
      const auto begin = Clock::now();
      if (gst_app_src_push_buffer(source_.get(), picture->release()) != GST_FLOW_OK)
        return;
      // An encoder with latency gives nothing for its first frames: after a few, stop waiting for each.
      const bool awaited = result.framesOut > 0 || i < kPatientFrames;
      if (pull(result, std::chrono::milliseconds(awaited ? 200 : 1)))
        durations_.add((Clock::now() - begin).count());
    }
    gst_app_src_end_of_stream(source_.get());
    while (result.framesOut < options_.frames && !cancelled() && Clock::now() < deadline &&
           watch_->firstError().empty() && gst_app_sink_is_eos(sink_.get()) == FALSE)
      pull(result, std::chrono::milliseconds(20));
  }

  bool pull(ProbeResult& result, std::chrono::nanoseconds wait) {
    const SamplePtr sample(gst_app_sink_try_pull_sample(sink_.get(), static_cast<GstClockTime>(wait.count())));
    if (!sample)
      return false;
    ++result.framesOut;
    result.bytes += gst_buffer_get_size(gst_sample_get_buffer(sample.get()));
    if (result.caps.empty()) {
      const CapsPtr caps(gst_pad_get_current_caps(staticPad(encoder_.get(), "src").get()));
      result.caps = capsText(caps.get());
    }
    return true;
  }

  [[nodiscard]] std::string errorOr(std::string otherwise) const {
    const std::string error = watch_->firstError();
    return error.empty() ? std::move(otherwise) : error;
  }

  const ProbeOptions& options_;
  Painter painter_{options_.widthPx, options_.heightPx, options_.framerateFps};
  ObjectPtr<GstElement> pipeline_;
  std::optional<BusWatch> watch_;
  ObjectPtr<GstAppSrc> source_;
  ObjectPtr<GstAppSink> sink_;
  ObjectPtr<GstElement> encoder_;
  SampleWindow durations_;
};

}  // namespace

ProbeHandle::ProbeHandle(std::shared_ptr<State> state) : state_(std::move(state)) {}
ProbeHandle::ProbeHandle(ProbeHandle&&) noexcept = default;
ProbeHandle& ProbeHandle::operator=(ProbeHandle&&) noexcept = default;

ProbeHandle::~ProbeHandle() {
  if (state_ && state_->watcher.joinable())
    state_->watcher.detach();
}

void ProbeHandle::cancel() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->cancelled = true;
    state_->changed.notify_all();
  }
  if (state_->watcher.joinable())
    state_->watcher.join();
}

ProbeHandle startProbe(ProbeOptions options, std::function<void(ProbeResult)> done) {
  auto state = std::make_shared<ProbeHandle::State>(std::move(options));
  std::thread([state] {
    ProbeResult result = ProbePipeline(state->options).run([&state] { return state->isCancelled(); });
    state->finish(std::move(result));
  }).detach();
  state->watcher = std::thread([state, done = std::move(done)] {
    ProbeResult result;
    {
      std::unique_lock lock(state->mutex);
      const bool ended = state->changed.wait_for(lock, std::chrono::milliseconds(state->options.timeoutMs),
                                                 [&] { return state->result.has_value() || state->cancelled; });
      if (state->result) {
        result = *state->result;
      } else {
        result = failed(ended ? "cancelled" : "no answer within " + std::to_string(state->options.timeoutMs) + " ms");
      }
      state->cancelled = true;
    }
    done(std::move(result));
  });
  return ProbeHandle(state);
}

}  // namespace nestri
