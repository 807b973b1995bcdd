// SPDX-License-Identifier: Apache-2.0
// The tests of capture, encoding and publishing, with real GStreamer elements. They need neither Node nor a relay: the
// other end is a second webrtcbin.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "gst_start.h"

int main(int argc, char** argv) {
  if (!nestri::startGStreamer())
    return 1;
  doctest::Context context(argc, argv);
  return context.run();
}
