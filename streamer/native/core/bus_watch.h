// SPDX-License-Identifier: Apache-2.0
// Hears a pipeline's messages on the thread that posts them, so that no main loop is needed. The handler copies words
// and returns: it must not change the pipeline's state, which would deadlock.
#pragma once

#include "gst_ptr.h"

#include <functional>
#include <memory>
#include <string>

namespace nestri {

struct BusReport {
  enum class Kind { error, warning, endOfStream };
  Kind kind;
  /// Name of the element that speaks.
  std::string element;
  /// Its words, the debug text in brackets.
  std::string message;
};

class BusWatch {
 public:
  using Handler = std::function<void(const BusReport&)>;

  /// Listens to `pipeline` until destroyed. The handler is called from any thread, one call at a time.
  BusWatch(GstElement* pipeline, Handler handler);
  /// Returns when no call of the handler runs any more.
  ~BusWatch();
  BusWatch(const BusWatch&) = delete;
  BusWatch& operator=(const BusWatch&) = delete;

  /// The first error as `element: words`, empty while there was none.
  [[nodiscard]] std::string firstError() const;

 private:
  struct State;

  ObjectPtr<GstBus> bus_;
  /// Shared with the bus, which may still be calling when the watch goes away.
  std::shared_ptr<State> state_;
};

}  // namespace nestri
