// SPDX-License-Identifier: Apache-2.0
// A session on the bare addon, without the encoder process around it: small, and with sound made by GStreamer itself.

import { HEADER_EXTENSIONS, H264_PROFILE_LEVEL_ID } from '@nestri/protocol'
import type { NativeAddon, NativeEvent, NativeSession, SessionOptions } from '../../src/native.ts'

export function sessionOptions(): SessionOptions {
  return {
    source: { kind: 'test' },
    widthPx: 800,
    heightPx: 480,
    framerateFps: 30,
    encoder: {
      codec: 'h264',
      launch:
        'videoconvert ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast key-int-max=2147483647 bitrate=2000 ! video/x-h264,profile=constrained-baseline',
      bitrateProperty: 'bitrate',
      bitrateUnitsPerKbps: 1,
      bitrateKbps: 2000,
      payloader: 'rtph264pay config-interval=-1 aggregate-mode=zero-latency mtu=1200 pt=96',
      rtpCaps: `application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,packetization-mode=(string)1,profile-level-id=(string)${H264_PROFILE_LEVEL_ID}`,
    },
    audio: {
      launch:
        'audiotestsrc is-live=true samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=2 ! opusenc frame-size=10 ! rtpopuspay pt=111',
      rtpCaps:
        'application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=111,encoding-params=(string)2',
    },
    inputDisplay: null,
    stunServer: '',
    extensions: {
      absCaptureTime: HEADER_EXTENSIONS.absCaptureTime.id,
      playoutDelay: HEADER_EXTENSIONS.playoutDelay.id,
      transportWideCc: HEADER_EXTENSIONS.transportWideCc.id,
      mid: HEADER_EXTENSIONS.mid.id,
    },
    echoStreamId: 100,
  }
}

/** Opens and starts a session; `offer` resolves with the SDP of its first offer. */
export async function startSession(
  addon: NativeAddon,
  options: SessionOptions = sessionOptions(),
): Promise<{ session: NativeSession; events: NativeEvent[]; offer: Promise<string> }> {
  const events: NativeEvent[] = []
  const { promise: offer, resolve } = Promise.withResolvers<string>()
  const session = addon.openSession(options, (event) => {
    events.push(event)
    if (event.type === 'offer') resolve(event.sdp)
  })
  await session.start()
  return { session, events, offer }
}
