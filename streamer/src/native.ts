// SPDX-License-Identifier: Apache-2.0
// The addon's interface, and the only place that loads the .node file. Only the encoder process imports this: a crash
// of native code must not take the room's supervisor with it. Options are validated before they come here.

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A GStreamer property, as introspection shows it. */
export interface NativeProperty {
  name: string
  /** GType name of the value, e.g. `gint`, `gboolean`, `GstX264EncSpeedPreset`. */
  type: string
  writable: boolean
  /** Nicks of an enum's or flags' values; absent for other types. */
  values?: string[]
  minimum?: number
  maximum?: number
}

/** A registered element factory. */
export interface NativeElement {
  name: string
  /** Metadata class, e.g. `Codec/Encoder/Video/Hardware`. */
  klass: string
  properties: NativeProperty[]
  /** Caps of the pad templates, as text. */
  sinkCaps: string
  srcCaps: string
}

export interface ProbeOptions {
  /** gst-launch text from raw video to encoded video with one element named `encoder`, e.g. `videoconvert ! x264enc name=encoder tune=zerolatency`. */
  launch: string
  widthPx: number
  heightPx: number
  framerateFps: number
  frames: number
  timeoutMs: number
}

export interface ProbeResult {
  ok: boolean
  /** Why it failed, with the element's own words; empty when it worked. */
  reason: string
  framesOut: number
  encodeMsP50: number
  /** Caps on the encoder's source pad, as text. */
  caps: string
  /** Bytes of all encoded frames. */
  bytes: number
}

export type NativeSource =
  /** A moving picture that also draws the frame clock (protocol/src/frame-clock.ts). */
  | { kind: 'test' }
  /** ximagesrc without damage on `display`, polled at twice the frame rate, cursor in the picture. */
  | { kind: 'x11'; display: string }

export interface NativeEncoder {
  codec: 'h264' | 'vp8' | 'av1' | 'h265'
  /** gst-launch text as in ProbeOptions, from raw video to encoded video; the element named `encoder` gets the key-frame events. */
  launch: string
  /** Property of `encoder` that takes the bitrate, and how many of its units are one kbit/s (1 or 1000). */
  bitrateProperty: string
  bitrateUnitsPerKbps: number
  /** Initial bitrate in kbit/s; already in `launch` too. */
  bitrateKbps: number
  /** gst-launch text of the payloader and its caps, e.g. `rtph264pay name=videopay config-interval=-1 aggregate-mode=zero-latency mtu=1200 pt=96`. */
  payloader: string
  /** Caps of the payloader's output with packetization-mode and profile-level-id, without extmaps (the addon adds them). */
  rtpCaps: string
}

export interface NativeAudio {
  /** gst-launch text from capture to RTP, the payloader last, e.g. `pulsesrc ... ! opusenc ... ! rtpopuspay name=audiopay pt=111`. */
  launch: string
  rtpCaps: string
}

export interface SessionOptions {
  source: NativeSource
  widthPx: number
  heightPx: number
  framerateFps: number
  encoder: NativeEncoder
  audio: NativeAudio | null
  /** Display that gets the input through XTest; null = input is decoded and counted but goes nowhere. */
  inputDisplay: string | null
  /** STUN server for webrtcbin as `stun://host:port`, or empty. */
  stunServer: string
  /** Ids of the RTP header extensions that are put on every video packet (protocol/src/codecs.ts). */
  extensions: { absCaptureTime: number; playoutDelay: number; transportWideCc: number; mid: number }
  /** SCTP stream id of the frame echo channel, opened negotiated at start. */
  echoStreamId: number
}

/** Counters since the session was opened, and percentiles over the frames since the last call. Times in milliseconds. */
export interface NativeStats {
  framesCaptured: number
  framesEncoded: number
  bytesEncoded: number
  encodeMsP50: number
  encodeMsP99: number
  captureToSendMsP50: number
  captureToSendMsP99: number
  drops: { capture: number; queue: number; encoder: number; send: number }
  keyFrames: { start: number; join: number; pli: number; drop: number; request: number; unasked: number }
  largestFrameBytes: number
  audioPackets: number
  inputEvents: number
  inputRejected: number
  /** Age of the newest frame at each stage, in ms; -1 = none yet. The stall ladder reads these. */
  ages: { captured: number; encoded: number; sent: number }
  /** Events that the bounded queue to JavaScript had to drop. */
  eventsDropped: number
}

export type NativeEvent =
  /** webrtcbin's offer: send it to the relay. A new one comes after every encoder restart. */
  | { type: 'offer'; sdp: string }
  | { type: 'connection'; state: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed' }
  /** The first frame came out of the encoder. */
  | { type: 'first-frame' }
  /** A negotiated input channel is open and receives. */
  | { type: 'input-ready'; streamId: number }
  /** Caps, frame rate or memory of a stage changed. */
  | { type: 'transition'; stage: string; before: string; after: string }
  | { type: 'warning'; element: string; message: string }
  /** The pipeline `part` cannot go on; the others still run. */
  | { type: 'error'; part: 'producer' | 'encoder' | 'audio'; element: string; message: string }

/** One room's media: capture, encoders, webrtcbin and input. All promises reject with an Error whose message names the element. */
export interface NativeSession {
  /** Starts capture and encoder; the offer follows as an event. Resolves when both pipelines play. */
  start: () => Promise<void>
  /** The relay's answer to the newest offer. */
  setAnswer: (sdp: string) => Promise<void>
  /** Takes effect at the next frame, without a key frame where the encoder can. */
  setBitrate: (bitrateKbps: number) => void
  requestKeyFrame: (reason: 'join' | 'request' | 'drop') => void
  /** Opens a negotiated data channel at run time and sends what arrives on it to the injector as `channel` of `viewer`. */
  addInputStream: (options: { viewer: string; channel: 'input' | 'motion'; streamId: number }) => void
  removeInputStream: (streamId: number) => void
  /** Releases every key and button that input of `viewer` holds down. */
  releaseInput: (viewer: string) => void
  /** Feeds one binary input message as if it had come from `viewer` (tests and the native viewer). False = refused as malformed. */
  injectInput: (viewer: string, message: Uint8Array) => boolean
  /** Replaces encoder pipeline and webrtcbin; the producer (and the game) go on. A new offer follows. */
  restartEncoder: (encoder: NativeEncoder) => Promise<void>
  stats: () => NativeStats
  /** Ends everything, in the order: refuse calls, pipelines to NULL off the JS thread, release the event queue. Idempotent. */
  close: () => Promise<void>
}

export interface NativeAddon {
  /** Version of this interface; compared at load. */
  interfaceVersion: number
  gstreamerVersion: () => string
  /** The factory of that name, or null where none is registered. */
  inspectElement: (name: string) => NativeElement | null
  probeEncoder: (options: ProbeOptions) => Promise<ProbeResult>
  openSession: (options: SessionOptions, onEvent: (event: NativeEvent) => void) => NativeSession
}

export const NATIVE_INTERFACE_VERSION = 1

/** Where the build puts the addon, seen from this file as source or as it was built (dist/src). */
export const ADDON_PATH: string = fileURLToPath(
  new URL(`${import.meta.url.endsWith('.ts') ? '..' : '../..'}/native/build/nestri_streamer.node`, import.meta.url),
)

/**
 * Loads the addon.
 * @throws {Error} when it is missing, lacks a library or is of another version; the caller falls back to the stub.
 */
export function loadAddon(path: string = ADDON_PATH): NativeAddon {
  const addon = createRequire(import.meta.url)(path) as NativeAddon
  if (addon.interfaceVersion !== NATIVE_INTERFACE_VERSION) {
    throw new Error(`${path} speaks interface ${addon.interfaceVersion}, this program ${NATIVE_INTERFACE_VERSION}`)
  }
  return addon
}
