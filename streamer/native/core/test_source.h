// SPDX-License-Identifier: Apache-2.0
// The `test` source: a thread that paints a picture at each tick of the frame rate, as a compositor would.
#pragma once

#include "painter.h"
#include "producer.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace nestri {

class TestSource final : public Producer {
 public:
  explicit TestSource(const ProducerContext& context);
  ~TestSource() override;

  Result<void> start() override;
  void stop() override;

 private:
  void run();

  const ProducerContext context_;
  Painter painter_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nestri
