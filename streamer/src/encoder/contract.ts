// SPDX-License-Identifier: Apache-2.0
// The contract between the host and the encoder process: one JSON object per line on the encoder's standard input and
// output. A command has an `id` and gets exactly one reply with it; everything else that comes out is an event. Anything
// that cannot be read is answered and the loop goes on. Standard error is free text. Parsing is in contract-parser.ts.

import { MAX_MESSAGE_BYTES } from '@nestri/protocol'
import type { EncoderFacts, StreamStats, VideoCodec } from '@nestri/protocol'
import type { NativeSource } from '../native.ts'
import type { EncoderWish } from '../pipeline/choose.ts'
import type { AudioSettings, VideoSettings } from '../pipeline/describe.ts'
import type { LiveBitrate } from '../pipeline/encoder-record.ts'
import type { Stage } from './stall-ladder.ts'

/** Version of this file's messages; an encoder answers another one with `version-mismatch`. */
export const ENCODER_CONTRACT_VERSION = 1

/** Longest line in either direction, in bytes: an offer with room to spare. Checked before JSON.parse. */
export const MAX_LINE_BYTES: number = MAX_MESSAGE_BYTES

/** Bytes that may wait in the encoder's standard input; above that input commands are dropped. */
export const MAX_PENDING_BYTES: number = 64 * 1024

/** Everything that a session is started with. */
export interface SessionRequest {
  source: NativeSource
  video: VideoSettings
  wish: EncoderWish
  audio: AudioSettings | null
  /** X display that gets the input, or null. */
  inputDisplay: string | null
  /** `stun://host:port`, or empty. */
  stunServer: string
}

/** What can be asked of the encoder process. */
export type CommandBody =
  | { type: 'hello'; version: number }
  /** Chooses and probes an encoder, then captures and encodes. The offer follows as an event. Result: Started. */
  | { type: 'start'; session: SessionRequest }
  /** Probes every known encoder of `codecs` and reports each; for `--capabilities`. Result: ProbedEncoder[]. */
  | { type: 'probe'; video: VideoSettings; wish: EncoderWish; codecs: readonly VideoCodec[] }
  | { type: 'answer'; sdp: string }
  | { type: 'bitrate'; bitrateKbps: number }
  | { type: 'keyframe'; reason: 'join' | 'request' | 'drop' }
  /** For tests and the native viewer, base64: in a room, input goes from the data channel to the injector without us. */
  | { type: 'input'; viewer: string; message: string }
  | { type: 'input-stream'; viewer: string; channel: 'input' | 'motion'; streamId: number }
  | { type: 'input-stream-closed'; streamId: number }
  /** Releases everything that this viewer holds down. */
  | { type: 'release'; viewer: string }
  /** Replaces encoder and webrtcbin while capture and game go on; a new offer follows. */
  | { type: 'restart-encoder' }
  /** Result: StreamStats. */
  | { type: 'stats' }
  /** Ends the session and the process. */
  | { type: 'stop' }

/** A command as it is on the wire. */
export type Command = CommandBody & { id: number }

/** Result of `hello`. */
export interface Capabilities {
  version: number
  backend: 'gstreamer' | 'stub'
  requestedBackend: 'gstreamer' | 'stub'
  /** Why another backend than the requested one speaks; empty when it is the requested one. */
  fallbackReason: string
  /** Version of GStreamer, empty with the stub. */
  gstreamer: string
  /** Elements of encoders that are registered and known. */
  encoders: string[]
}

/** Result of `start`. */
export interface Started {
  encoder: EncoderFacts
  /** Settings that the element has no property for. */
  missing: string[]
  /** What a bitrate change costs with this encoder. */
  liveBitrate: LiveBitrate
}

/** One encoder by one memory path, as it was found. */
export interface ProbedEncoder {
  name: string
  codec: VideoCodec
  type: 'hardware' | 'software'
  works: boolean
  /** Why not; empty when it works. */
  reason: string
  /** Median time to encode a frame in milliseconds; 0 where it does not work. */
  encodeMs: number
  missing: string[]
  quirks: string[]
}

/** Why a command was refused or failed: a code of protocol/src/errors.ts or of `BrokenCommand`. */
export interface Failure {
  code: string
  message: string
}

export type Reply =
  | { type: 'reply'; id: number; ok: true; result?: unknown }
  /** `id` is null where the line was so broken that it could not be read. */
  | { type: 'reply'; id: number | null; ok: false; error: Failure }

export type EncoderEvent =
  /** `ready` = both pipelines play, `streaming` = the relay gets media, `stopped` = the last event of a process. */
  | { type: 'status'; state: 'starting' | 'ready' | 'streaming' | 'stopped'; reason: string }
  | { type: 'offer'; sdp: string }
  | { type: 'connection'; state: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed' }
  /** Told before each probe, so that an encoder in which the process dies is known. Empty = the probes are over. */
  | { type: 'probing'; name: string }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string }
  /** Once a second while a session runs. */
  | { type: 'stats'; stats: StreamStats }
  | { type: 'video-stall'; stage: Stage; stalledMs: number; attempt: number }
  | { type: 'video-transition'; stage: string; before: string; after: string }
  | { type: 'input-ready'; streamId: number }
  /** The session cannot go on; the process ends after it. `encoder` = the candidate that failed, empty where none did. */
  | { type: 'error'; code: string; message: string; encoder: string }

/** A line that is no command, and what to answer. */
export interface BrokenCommand {
  id: number | null
  code: 'invalid-json' | 'invalid-command' | 'unknown-command' | 'missing-field' | 'line-too-long'
  message: string
}
