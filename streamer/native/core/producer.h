// SPDX-License-Identifier: Apache-2.0
// The source of a session's pictures. It runs on its own, whatever happens to the encoder: the game behind it must not
// notice that an encoder is replaced. Frames go into the slot; errors go out as events of the part `producer`.
#pragma once

#include "counters.h"
#include "error.h"
#include "frame_slot.h"
#include "media_types.h"
#include "timeline.h"

#include <memory>

namespace nestri {

class Producer {
 public:
  virtual ~Producer() = default;
  Producer() = default;
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Returns when frames are being captured, or with the reason why not. Control thread only, as stop().
  virtual Result<void> start() = 0;
  /// Returns when no thread of the producer touches the slot any more. Idempotent.
  virtual void stop() = 0;
};

/// What a producer works with; all of it outlives the producer.
struct ProducerContext {
  const SessionOptions& options;
  const Timeline& timeline;
  FrameSlot& slot;
  Counters& counters;
  const EventSink& events;
};

/// The producer for `options.source`.
std::unique_ptr<Producer> makeProducer(const ProducerContext& context);

}  // namespace nestri
