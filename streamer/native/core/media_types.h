// SPDX-License-Identifier: Apache-2.0
// The values that cross between core/ and its user: options in, events and counters out. They mirror
// streamer/src/native.ts, where each field is described; options were validated before they come here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace nestri {

struct SourceOptions {
  enum class Kind { test, x11 };
  Kind kind = Kind::test;
  /// X display of an x11 source.
  std::string display;
};

struct EncoderOptions {
  std::string codec;
  std::string launch;
  std::string bitrateProperty;
  int bitrateUnitsPerKbps = 1;
  int bitrateKbps = 0;
  std::string payloader;
  std::string rtpCaps;
};

struct AudioOptions {
  std::string launch;
  std::string rtpCaps;
};

/// RTP header extension ids, 1..14.
struct ExtensionIds {
  unsigned absCaptureTime = 0;
  unsigned playoutDelay = 0;
  unsigned transportWideCc = 0;
  unsigned mid = 0;
};

struct SessionOptions {
  SourceOptions source;
  int widthPx = 0;
  int heightPx = 0;
  int framerateFps = 0;
  EncoderOptions encoder;
  std::optional<AudioOptions> audio;
  std::optional<std::string> inputDisplay;
  std::string stunServer;
  ExtensionIds extensions;
  int echoStreamId = 0;
};

struct OfferEvent {
  std::string sdp;
};
struct ConnectionEvent {
  /// A W3C RTCPeerConnectionState.
  std::string state;
};
struct FirstFrameEvent {};
struct InputReadyEvent {
  int streamId;
};
struct TransitionEvent {
  std::string stage;
  std::string before;
  std::string after;
};
struct WarningEvent {
  std::string element;
  std::string message;
};
struct ErrorEvent {
  /// producer, encoder or audio.
  std::string part;
  std::string element;
  std::string message;
};

using Event = std::variant<OfferEvent, ConnectionEvent, FirstFrameEvent, InputReadyEvent, TransitionEvent, WarningEvent,
                           ErrorEvent>;

/// Takes events from any thread and never blocks.
using EventSink = std::function<void(Event)>;

enum class KeyFrameReason { start, join, pli, drop, request, unasked };
inline constexpr int kKeyFrameReasons = 6;

struct Stats {
  uint64_t framesCaptured = 0;
  uint64_t framesEncoded = 0;
  uint64_t bytesEncoded = 0;
  double encodeMsP50 = 0;
  double encodeMsP99 = 0;
  double captureToSendMsP50 = 0;
  double captureToSendMsP99 = 0;
  struct {
    uint64_t capture = 0;
    uint64_t queue = 0;
    uint64_t encoder = 0;
    uint64_t send = 0;
  } drops;
  /// Indexed by KeyFrameReason.
  uint64_t keyFrames[kKeyFrameReasons] = {};
  uint64_t largestFrameBytes = 0;
  uint64_t audioPackets = 0;
  uint64_t inputEvents = 0;
  uint64_t inputRejected = 0;
  struct {
    double captured = -1;
    double encoded = -1;
    double sent = -1;
  } ages;
};

}  // namespace nestri
