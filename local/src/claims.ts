// SPDX-License-Identifier: Apache-2.0
// What the tokens of a room say. Pure.

import type { InviteClaims, NestriRoom, OperatorClaims, Role, RunnerClaims } from '@nestri/protocol'

/** Links end with the run, because its key does; this only bounds a run that is forgotten. */
const INVITE_SECONDS = 30 * 24 * 3600

/** An invite to the room. */
export function inviteClaims(room: NestriRoom, role: Role, nowUnixMs: number): InviteClaims {
  return {
    use: 'invite',
    room: room.metadata.name,
    role,
    generation: room.spec.session.accessGeneration,
    exp: Math.floor(nowUnixMs / 1000) + INVITE_SECONDS,
  }
}

/** The token of the room's runner in its incarnation `epoch`. */
export function runnerClaims(room: NestriRoom, { uid, epoch }: { uid: string; epoch: number }): RunnerClaims {
  const { session } = room.spec
  return {
    use: 'runner',
    room: room.metadata.name,
    uid,
    epoch,
    generation: session.accessGeneration,
    public: session.visibility === 'public',
    seats: session.seats,
    maxViewers: session.maxParticipants,
  }
}

/** The launcher's own right to see the room's facts. */
export function operatorClaims(nowUnixMs: number): OperatorClaims {
  return { use: 'operator', exp: Math.floor(nowUnixMs / 1000) + INVITE_SECONDS }
}
