// SPDX-License-Identifier: Apache-2.0
// One encoder and its webrtcbin, from the frame slot to the socket. It is built anew for each encoder restart, while
// producer and audio go on. Its streaming thread is also the pump: it asks the slot for a frame only when the frame
// before has gone all the way, so no old picture ever waits in a queue. Nothing is dropped behind the encoder.
#pragma once

#include "bus_watch.h"
#include "counters.h"
#include "data_channels.h"
#include "error.h"
#include "frame_ledger.h"
#include "frame_slot.h"
#include "key_frames.h"
#include "media_types.h"
#include "publisher.h"
#include "timeline.h"

#include <gst/app/gstappsrc.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace nestri {

class EncoderPipeline {
 public:
  struct Context {
    const SessionOptions& options;
    std::shared_ptr<const Timeline> timeline;
    FrameSlot& slot;
    Counters& counters;
    KeyFrames& keyFrames;
    std::shared_ptr<InputHub> hub;
    std::shared_ptr<EchoLedger> echo;
    EventSink events;
    /// Synchronisation source of the audio, the same over restarts.
    uint32_t audioSsrc;
  };

  /// Builds the pipeline for `encoder` without starting it. Everything in `context` outlives it.
  static Result<std::unique_ptr<EncoderPipeline>> create(const EncoderOptions& encoder, Context context);
  ~EncoderPipeline();
  EncoderPipeline(const EncoderPipeline&) = delete;
  EncoderPipeline& operator=(const EncoderPipeline&) = delete;

  /// Starts encoding; the offer follows as an event. Control thread.
  Result<void> start();

  /// Returns when none of its threads runs any more. Control thread. Idempotent; what any thread calls later is
  /// ignored.
  void stop();

  /// Takes effect at the next frame. Any thread.
  void setBitrate(int bitrateKbps);
  /// Asks the encoder for a key frame. Any thread.
  void requestKeyFrame(KeyFrameReason reason);
  /// Sends one audio packet, made for the shared timeline. Any thread.
  void pushAudio(GstSample* sample);

  [[nodiscard]] Publisher& publisher() { return *publisher_; }
  [[nodiscard]] DataChannels& dataChannels() { return *dataChannels_; }

 private:
  EncoderPipeline(const EncoderOptions& encoder, Context context);

  Result<void> build();
  Result<ObjectPtr<GstElement>> parseBin(const std::string& text, const char* name);
  Result<void> linkVideo();
  Result<void> linkAudio();
  void addProbes();

  void onNeedData();
  void onEncoded(GstPad* pad, const GstBuffer* buffer);
  void onPacket(GstPad* pad, GstBuffer* first);
  void onConnection(bool connected);
  void rewriteCaps(GstPadProbeInfo* info);
  void noteCaps(const char* stage, std::string& current, const GstCaps* caps);

  static GstPadProbeReturn encoderInputProbe(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn encoderOutputProbe(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn payloadProbe(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn upstreamProbe(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  // webrtcbin's own pattern; given to it, so that the MID extension can be filled before the offer exists.
  static constexpr const char* kVideoMid = "video0";
  static constexpr const char* kAudioMid = "audio1";

  const EncoderOptions encoderOptions_;
  const Context context_;
  FrameLedger ledger_;
  ObjectPtr<GstElement> pipeline_;
  std::optional<BusWatch> watch_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<DataChannels> dataChannels_;
  ObjectPtr<GstAppSrc> videoSource_;
  ObjectPtr<GstAppSrc> audioSource_;
  ObjectPtr<GstElement> encoder_;
  /// Encoder and payloader.
  ObjectPtr<GstElement> encoderBin_;
  ObjectPtr<GstElement> payloader_;
  bool stopped_ = false;
  std::atomic<bool> connected_{false};
  std::atomic<bool> firstFrameTold_{false};
  unsigned videoPayloadType_ = 0;

  // Touched by the video's streaming thread only.
  CapsPtr sourceCaps_;
  uint32_t lastRtpTimestamp_ = 0;
  bool anyPacket_ = false;
  std::string encodedCaps_;
  std::string sentCaps_;
};

}  // namespace nestri
