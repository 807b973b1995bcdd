// SPDX-License-Identifier: Apache-2.0
#include "producer.h"

#include "test_source.h"
#include "x11_source.h"

namespace nestri {

std::unique_ptr<Producer> makeProducer(const ProducerContext& context) {
  switch (context.options.source.kind) {
    case SourceOptions::Kind::x11:
      return std::make_unique<X11Source>(context);
    case SourceOptions::Kind::test:
      break;
  }
  return std::make_unique<TestSource>(context);
}

}  // namespace nestri
