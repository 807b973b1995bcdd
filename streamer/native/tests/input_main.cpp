// SPDX-License-Identifier: Apache-2.0
// The tests of decoding, keeping and injecting input. They need neither GStreamer nor Node, but Xvfb.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
