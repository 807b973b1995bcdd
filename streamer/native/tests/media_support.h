// SPDX-License-Identifier: Apache-2.0
// What several media tests need: waiting with a deadline, events in order, and options of a small session.
#pragma once

#include "media_types.h"

#include <chrono>
#include <condition_variable>
#include <dirent.h>
#include <mutex>
#include <string>
#include <vector>

namespace nestri::test {

/// Waits until `condition` holds, at most `seconds`. Real pipelines need real time; the deadline is generous because
/// tests share a small machine.
template <typename Condition>
bool eventually(Condition condition, double seconds = 20) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    never.wait_for(lock, std::chrono::milliseconds(5));
  }
  return true;
}

/// Keeps all events of a session.
class EventLog {
 public:
  EventSink sink() {
    return [this](Event event) {
      const std::scoped_lock lock(mutex_);
      events_.push_back(std::move(event));
    };
  }

  /// All events of one type, in order.
  template <typename T>
  std::vector<T> all() {
    const std::scoped_lock lock(mutex_);
    std::vector<T> found;
    for (const Event& event : events_) {
      if (const T* match = std::get_if<T>(&event))
        found.push_back(*match);
    }
    return found;
  }

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
};

inline EncoderOptions x264(int bitrateKbps) {
  return {.codec = "h264",
          .launch = "videoconvert ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast threads=2 "
                    "sliced-threads=true key-int-max=2147483647 vbv-buf-capacity=50 bframes=0 rc-lookahead=0 "
                    "sync-lookahead=0 option-string=scenecut=0 bitrate=" +
                    std::to_string(bitrateKbps) + " ! video/x-h264,profile=constrained-baseline",
          .bitrateProperty = "bitrate",
          .bitrateUnitsPerKbps = 1,
          .bitrateKbps = bitrateKbps,
          .payloader = "rtph264pay name=videopay config-interval=-1 aggregate-mode=zero-latency mtu=1200 pt=96",
          .rtpCaps = "application/x-rtp,media=(string)video,encoding-name=(string)H264,clock-rate=(int)90000,"
                     "payload=(int)96,packetization-mode=(string)1,profile-level-id=(string)42e02a,"
                     "level-asymmetry-allowed=(string)1"};
}

inline EncoderOptions vp8(int bitrateKbps) {
  return {.codec = "vp8",
          .launch = "videoconvert ! vp8enc name=encoder deadline=1 cpu-used=-16 end-usage=cbr keyframe-mode=disabled "
                    "lag-in-frames=0 target-bitrate=" +
                    std::to_string(bitrateKbps * 1000),
          .bitrateProperty = "target-bitrate",
          .bitrateUnitsPerKbps = 1000,
          .bitrateKbps = bitrateKbps,
          .payloader = "rtpvp8pay name=videopay picture-id-mode=15-bit mtu=1200 pt=100",
          .rtpCaps = "application/x-rtp,media=(string)video,encoding-name=(string)VP8,clock-rate=(int)90000,"
                     "payload=(int)100"};
}

/// A session small enough for a loaded machine, wide enough for the frame clock.
inline SessionOptions smallSession() {
  SessionOptions options;
  options.widthPx = 800;
  options.heightPx = 480;
  options.framerateFps = 30;
  options.encoder = x264(2000);
  options.extensions = {.absCaptureTime = 7, .playoutDelay = 8, .transportWideCc = 5, .mid = 1};
  options.echoStreamId = 1;
  return options;
}

inline AudioOptions tone() {
  return {.launch = "audiotestsrc is-live=true samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=2 ! "
                    "opusenc frame-size=10 ! rtpopuspay name=audiopay pt=111",
          .rtpCaps = "application/x-rtp,media=(string)audio,encoding-name=(string)OPUS,clock-rate=(int)48000,"
                     "payload=(int)111,encoding-params=(string)2"};
}

/// Number of entries of a folder such as /proc/self/fd or /proc/self/task.
inline int entriesOf(const char* path) {
  DIR* folder = opendir(path);
  if (folder == nullptr)
    return -1;
  int count = 0;
  while (readdir(folder) != nullptr)
    ++count;
  closedir(folder);
  return count;
}

}  // namespace nestri::test
