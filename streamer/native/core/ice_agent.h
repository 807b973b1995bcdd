// SPDX-License-Identifier: Apache-2.0
// Settings of the ICE agent (libnice) inside webrtcbin that webrtcbin itself does not offer.
#pragma once

#include <gst/gst.h>

namespace nestri {

/// Before `webrtc` gathers: no UPnP (it multicasts on the pod's network and delays the gathering), and loopback among
/// the local addresses. libnice binds each socket to its interface, so that without it a relay that listens on
/// 127.0.0.1 is out of reach.
void configureIce(GstElement* webrtc);

}  // namespace nestri
