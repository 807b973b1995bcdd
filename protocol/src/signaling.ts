// SPDX-License-Identifier: Apache-2.0
// `WS /signal`: a viewer's page and its relay. The relay offers, the browser answers (no payload-type conflict, one
// round trip). The first message of a viewer is `hello`; every request is answered, refusals with a code of errors.ts.

import * as v from 'valibot'
import { encoderFacts, roomStates, seatFacts, streamStats } from './facts.ts'
import { counter, roomName, sdp, shortText, text, token } from './message.ts'

/** Version of this file's messages; a relay refuses others with ERR_PROTOCOL_VERSION. */
export const SIGNALING_VERSION = 1

/** SCTP stream ids that a viewer opens `negotiated` towards the relay; far above those that mediasoup hands out (0, 1, ...). */
export const INPUT_STREAM_ID = 100
export const MOTION_STREAM_ID = 101
/** `maxPacketLifeTime` of the motion channel: a later position makes an old one worthless. */
export const MOTION_LIFETIME_MS = 50

const hello = v.object({
  type: v.literal('hello'),
  version: counter,
  room: roomName,
  /** Invite of the link. Absent only where the relay runs with NESTRI_AUTH=open. */
  token: v.optional(token),
  /** Resume token of an earlier `welcome`: takes the viewer back into its seat. Tried first. */
  resume: v.optional(token),
  /** Place that is asked for where no token says it (NESTRI_AUTH=open). */
  role: v.optional(v.picklist(['player', 'spectator'])),
})
const answer = v.object({ type: v.literal('answer'), negotiation: counter, sdp })
/** A player asks for a seat. A free one is given at once, else its holder is asked. */
const seatAsk = v.object({ type: v.literal('seat-ask'), seat: counter })
/** The holder hands its seat to a viewer that asked. */
const seatGrant = v.object({ type: v.literal('seat-grant'), seat: counter, to: shortText })
/** The holder gives its seat up. */
const seatRelease = v.object({ type: v.literal('seat-release'), seat: counter })
/** The page cannot decode or lost its media connection: asks for a new offer on a new transport. */
const restart = v.object({ type: v.literal('restart'), reason: text })
const ping = v.object({ type: v.literal('ping'), at: v.number() })

export const viewerMessage = v.variant('type', [hello, answer, seatAsk, seatGrant, seatRelease, restart, ping])
export type ViewerMessage = v.InferOutput<typeof viewerMessage>

const welcome = v.object({
  type: v.literal('welcome'),
  version: counter,
  room: roomName,
  viewer: shortText,
  role: v.picklist(['player', 'spectator']),
  /** Replaces the invite from now on; sent again in `resume-token` when the seat changes or before it expires. */
  resume: token,
})
const resumeToken = v.object({ type: v.literal('resume-token'), resume: token })
const roomState = v.object({ type: v.literal('room-state'), state: v.picklist(roomStates), reason: text })
const offer = v.object({
  type: v.literal('offer'),
  /** Counts up; an answer names the offer that it answers. */
  negotiation: counter,
  /** True when this offer is for a new transport: the page starts a new RTCPeerConnection and drops the old one. */
  fresh: v.boolean(),
  sdp,
  /** Stream id on which the runner's frame echo (`decodeEcho`) arrives, for players. */
  echoStreamId: v.nullable(counter),
})
const seats = v.object({
  type: v.literal('seats'),
  seats: v.pipe(v.array(seatFacts), v.maxLength(16)),
  /** Viewers that ask the holder of a seat for it. */
  asks: v.pipe(v.array(v.object({ seat: counter, viewer: shortText })), v.maxLength(64)),
})
/** Once a second while the room is live. */
const roomStats = v.object({
  type: v.literal('room-stats'),
  players: counter,
  spectators: counter,
  encoder: v.nullable(encoderFacts),
  stats: v.nullable(streamStats),
})
const pong = v.object({ type: v.literal('pong'), at: v.number() })
/** The code is of errors.ts; `final` = the relay closes the socket and coming back with the same hello is of no use. */
const error = v.object({ type: v.literal('error'), code: shortText, message: text, hint: text, final: v.boolean() })

export const relayToViewer = v.variant('type', [welcome, resumeToken, roomState, offer, seats, roomStats, pong, error])
export type RelayToViewer = v.InferOutput<typeof relayToViewer>
