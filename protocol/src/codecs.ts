// SPDX-License-Identifier: Apache-2.0
// One table of the codecs that a room can carry: what RTP calls them and which numbers our own endpoints use.

/** Codec tokens of NestriRoom `spec.video.codec`; equal to the tokens of VIDEO_CODEC. */
export type VideoCodec = 'h264' | 'h265' | 'av1' | 'vp8'

export interface CodecInfo {
  /** RTP media type (RFC 4855). */
  mimeType: string
  /** RTP clock rate in Hz. */
  clockRate: number
  /** Payload type that our runner offers (dynamic range, RFC 3551). */
  payloadType: number
  /** Payload type of the matching RTX stream (RFC 4588). */
  rtxPayloadType: number
  /** Whether a relay can forward it: mediasoup carries no H.265 since 3.16.6. */
  relayed: boolean
  /** SDP format parameters (RFC 6184 for H.264: constrained baseline, level 4.2, single NAL or FU-A). */
  parameters: Readonly<Record<string, string | number>>
}

/** H.264 constrained baseline, level 4.2: every browser decodes it; the level covers 1080p60 (RFC 6184 §8.1). */
export const H264_PROFILE_LEVEL_ID = '42e02a'

export const VIDEO_CODECS: Readonly<Record<VideoCodec, CodecInfo>> = {
  h264: {
    mimeType: 'video/H264',
    clockRate: 90_000,
    payloadType: 96,
    rtxPayloadType: 98,
    relayed: true,
    parameters: {
      'packetization-mode': 1,
      'level-asymmetry-allowed': 1,
      'profile-level-id': H264_PROFILE_LEVEL_ID,
    },
  },
  vp8: {
    mimeType: 'video/VP8',
    clockRate: 90_000,
    payloadType: 100,
    rtxPayloadType: 101,
    relayed: true,
    parameters: {},
  },
  av1: {
    mimeType: 'video/AV1',
    clockRate: 90_000,
    payloadType: 102,
    rtxPayloadType: 103,
    relayed: true,
    parameters: {},
  },
  h265: {
    mimeType: 'video/H265',
    clockRate: 90_000,
    payloadType: 104,
    rtxPayloadType: 105,
    relayed: false,
    parameters: {},
  },
}

/** Opus as RFC 7587 names it: always 48 kHz and two channels on the wire. */
export const OPUS = { mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 111 } as const

/** RTP header extensions that are on every video packet of a runner. Ids are those of the runner's offer (RFC 8285). */
export const HEADER_EXTENSIONS = {
  mid: { id: 1, uri: 'urn:ietf:params:rtp-hdrext:sdes:mid' },
  transportWideCc: { id: 5, uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01' },
  absCaptureTime: { id: 7, uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time' },
  playoutDelay: { id: 8, uri: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay' },
} as const
