// SPDX-License-Identifier: Apache-2.0
// What our tokens say. They are compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037) and a `kid`; signing and
// verifying live with the programs, because they need a crypto library.

import * as v from 'valibot'
import { counter, roomName, shortText } from './message.ts'

/** `iss` and `aud` of every token of ours. */
export const TOKEN_ISSUER = 'nestri'
export const TOKEN_AUDIENCE = 'nestri-relay'

/** Clock difference between the signer and the relay that is forgiven, in seconds. */
export const TOKEN_SKEW_SECONDS = 5

export type Role = 'player' | 'spectator'
const role = v.picklist(['player', 'spectator'])

/** What links and Secrets hold: usable many times until it expires or the room's access generation is raised. */
const invite = v.object({
  use: v.literal('invite'),
  room: roomName,
  role,
  /** The room's `spec.session.accessGeneration` when it was issued. */
  generation: counter,
  exp: counter,
})

/** What a viewer gets for its invite: self-contained, so that any relay of the mesh can take the viewer back in. */
const resume = v.object({
  use: v.literal('resume'),
  room: roomName,
  role,
  generation: counter,
  /** The viewer's id, kept over reconnects and relay restarts. */
  viewer: shortText,
  /** The seat that the viewer held when the token was issued. */
  seat: v.exactOptional(counter),
  exp: counter,
})

/** Lets one runner publish one room. Lives as long as the room; a higher epoch takes the room over. */
const runner = v.object({
  use: v.literal('runner'),
  room: roomName,
  /** uid of the NestriRoom. */
  uid: shortText,
  epoch: counter,
  generation: counter,
  /** Whether the room list shows the room to callers without a token. */
  public: v.boolean(),
  /** Number of seats: how many players may send input at the same time. */
  seats: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
  maxViewers: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)),
  exp: v.exactOptional(counter),
})

/** Lets an operator see every room and close rooms. */
const operator = v.object({ use: v.literal('operator'), exp: counter })

export const tokenClaims = v.variant('use', [invite, resume, runner, operator])
export type TokenClaims = v.InferOutput<typeof tokenClaims>
export type TokenUse = TokenClaims['use']
export type InviteClaims = v.InferOutput<typeof invite>
export type ResumeClaims = v.InferOutput<typeof resume>
export type RunnerClaims = v.InferOutput<typeof runner>
export type OperatorClaims = v.InferOutput<typeof operator>
