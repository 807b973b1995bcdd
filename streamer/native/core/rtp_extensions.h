// SPDX-License-Identifier: Apache-2.0
// The two RTP header extensions that GStreamer lacks, and the putting of all four onto a payloader.
//   playout-delay 0/0: the browser shows frames at once instead of smoothing them (12 + 12 bits, units of 10 ms)
//   abs-capture-time: when the picture was taken, 64-bit NTP (the short form, without the clock offset)
// http://www.webrtc.org/experiments/rtp-hdrext/playout-delay and .../abs-capture-time
#pragma once

#include "error.h"
#include "gst_ptr.h"
#include "media_types.h"
#include "timeline.h"

#include <gst/rtp/gstrtphdrext.h>

#include <string>

namespace nestri {

inline constexpr const char* kPlayoutDelayUri = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
inline constexpr const char* kAbsCaptureTimeUri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

/// A playout-delay extension of 0/0.
ObjectPtr<GstRTPHeaderExtension> makePlayoutDelay(unsigned id);

/// An abs-capture-time extension. The payloader's buffers must carry the capture time as their running time, whatever
/// offset their encoder adds to the timestamps (x264enc adds 1000 hours): `segmentOf` is the pad whose segment undoes
/// it. `timeline` must outlive the payloader.
ObjectPtr<GstRTPHeaderExtension> makeAbsCaptureTime(unsigned id, const Timeline& timeline, GstPad* segmentOf);

/// Adds playout-delay, abs-capture-time, transport-wide congestion control and MID to `payloader`. Fails with the name
/// of the one that does not exist.
Result<void> addExtensions(GstElement* payloader, const ExtensionIds& ids, const Timeline& timeline,
                           const std::string& mid);

}  // namespace nestri
