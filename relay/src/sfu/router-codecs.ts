// SPDX-License-Identifier: Apache-2.0
// The codecs that a room's routers carry. A producer keeps its own format parameters; these only say what fits.

import { OPUS, VIDEO_CODECS } from '@nestri/protocol'
import type { RouterRtpCodecCapability, RtpCapabilities } from 'mediasoup/types'

/**
 * H.264 profiles that are taken in, each in packetization mode 1 (RFC 6184 §8.1): constrained baseline (our runner), main
 * and high (other publishers). Level 5.2 is an upper bound; the publisher's own level is what viewers are told.
 */
const H264_PROFILES = ['42e034', '4d0034', '640034']

/** Header extensions that a viewer is offered. Others cost bytes on every packet and tell a player nothing. */
const VIEWER_EXTENSIONS: ReadonlySet<string> = new Set([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
])

/** Codecs of every router, in order of preference. */
export function routerCodecs(): RouterRtpCodecCapability[] {
  const { mimeType, clockRate, channels } = OPUS
  return [
    { kind: 'audio', mimeType, clockRate, channels },
    ...H264_PROFILES.map(
      (profile): RouterRtpCodecCapability => ({
        kind: 'video',
        mimeType: VIDEO_CODECS.h264.mimeType,
        clockRate: VIDEO_CODECS.h264.clockRate,
        parameters: { 'packetization-mode': 1, 'level-asymmetry-allowed': 1, 'profile-level-id': profile },
      }),
    ),
    { kind: 'video', mimeType: VIDEO_CODECS.vp8.mimeType, clockRate: VIDEO_CODECS.vp8.clockRate },
    { kind: 'video', mimeType: VIDEO_CODECS.av1.mimeType, clockRate: VIDEO_CODECS.av1.clockRate },
  ]
}

/** What a viewer is offered of a router's capabilities: every codec, the header extensions that a player needs. */
export function viewerCapabilities(router: RtpCapabilities): RtpCapabilities {
  return {
    codecs: router.codecs ?? [],
    headerExtensions: (router.headerExtensions ?? []).filter(({ uri }) => VIEWER_EXTENSIONS.has(uri)),
  }
}
