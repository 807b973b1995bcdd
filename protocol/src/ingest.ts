// SPDX-License-Identifier: Apache-2.0
// `WS /runner`: a room's runner and its relay. The runner announces, the relay admits or refuses with a code; then the
// runner offers (webrtcbin) and the relay answers. The socket carries parameters and figures, never media or input.

import * as v from 'valibot'
import { encoderFacts, streamStats } from './facts.ts'
import { counter, figure, roomName, sdp, shortText, text, token } from './message.ts'

/** Version of this file's messages. */
export const INGEST_VERSION = 1

/** SCTP stream id on which the runner sends its frame echo towards the relay (`encodeEcho` in input.ts). */
export const ECHO_STREAM_ID = 100

const bitrateRange = v.object({ minKbps: figure, startKbps: figure, maxKbps: figure })

const announce = v.object({
  type: v.literal('announce'),
  version: counter,
  room: roomName,
  epoch: counter,
  /** Runner token; absent only where the relay runs with NESTRI_AUTH=open. */
  token: v.optional(token),
  /** What the encoder may be asked for; the relay's target stays inside. */
  bitrate: bitrateRange,
  encoder: v.nullable(encoderFacts),
  /** What a runner token would say; regarded only where the relay runs with NESTRI_AUTH=open and no token was sent. */
  wishes: v.optional(
    v.object({
      public: v.boolean(),
      seats: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
      maxViewers: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
    }),
  ),
})
/** A replaced token file (same room and epoch, e.g. a raised access generation). */
const renew = v.object({ type: v.literal('renew'), token })
const offer = v.object({ type: v.literal('offer'), negotiation: counter, sdp })
const encoder = v.object({ type: v.literal('encoder'), encoder: encoderFacts })
const stats = v.object({ type: v.literal('stats'), stats: streamStats })
const heartbeat = v.object({ type: v.literal('heartbeat') })
/** Why there is no picture at the moment (encoder restarting, desktop gone); shown to viewers. */
const interrupted = v.object({ type: v.literal('interrupted'), reason: text })
const bye = v.object({ type: v.literal('bye'), reason: text })

export const runnerMessage = v.variant('type', [announce, renew, offer, encoder, stats, heartbeat, interrupted, bye])
export type RunnerMessage = v.InferOutput<typeof runnerMessage>

const admitted = v.object({ type: v.literal('admitted'), room: roomName, id: shortText })
const answer = v.object({ type: v.literal('answer'), negotiation: counter, sdp })
/** At most once a second. Follows the estimate of the player in seat 0, never that of spectators. */
const targetBitrate = v.object({ type: v.literal('target-bitrate'), bitrateKbps: figure, reason: shortText })
/** A connection that may hold a seat got an input stream towards the runner: open a negotiated channel with this id. */
const inputStream = v.object({
  type: v.literal('input-stream'),
  viewer: shortText,
  channel: v.picklist(['input', 'motion']),
  streamId: counter,
})
const inputStreamClosed = v.object({ type: v.literal('input-stream-closed'), viewer: shortText, streamId: counter })
/** Who holds a seat now. A change of holder or `connected: false` means: release everything that the seat holds down. */
const seat = v.object({
  type: v.literal('seat'),
  seat: counter,
  holder: v.nullable(shortText),
  connected: v.boolean(),
})
const relayHeartbeat = v.object({ type: v.literal('heartbeat') })
/** The room is closed for good: end the runner. */
const close = v.object({ type: v.literal('close'), reason: text })
const error = v.object({ type: v.literal('error'), code: shortText, message: text, hint: text, final: v.boolean() })

export const relayToRunner = v.variant('type', [
  admitted,
  answer,
  targetBitrate,
  inputStream,
  inputStreamClosed,
  seat,
  relayHeartbeat,
  close,
  error,
])
export type RelayToRunner = v.InferOutput<typeof relayToRunner>
