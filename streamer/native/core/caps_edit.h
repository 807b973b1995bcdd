// SPDX-License-Identifier: Apache-2.0
// Small pure edits of caps.
#pragma once

#include "gst_ptr.h"

#include <string>

namespace nestri {

/// `caps` with the frame rate `framerateFps`/1: a source that polls faster must not mislead the rate control.
CapsPtr withFramerate(const GstCaps* caps, int framerateFps);

/// The payloader's real output caps, with what `wanted` says laid over them, without the parameter sets (they travel in
/// band) and with `mid` as the section's name. An offer then has packetization-mode and profile-level-id as promised to
/// browsers, whatever level the encoder worked out for itself.
CapsPtr rtpCapsForOffer(const GstCaps* actual, const GstCaps* wanted, const std::string& mid);

}  // namespace nestri
