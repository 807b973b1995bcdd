// SPDX-License-Identifier: Apache-2.0
// The life of a room: waiting for a runner, live, ended. Pure: a life and an event give the next life, or a refusal.

import { NestriError } from '@nestri/protocol'
import type { RoomState, RunnerClaims } from '@nestri/protocol'

/** Where a room stands. `runner` is the id of the control connection that owns it. */
export type RoomPhase =
  | { state: 'waiting'; reason: string; runner: string | undefined }
  | { state: 'live'; runner: string }
  | { state: 'ended'; reason: string }

/** What a room is, over all its runners. */
export interface RoomLife {
  readonly room: string
  readonly phase: RoomPhase
  /** uid of the NestriRoom; undefined before the first runner. */
  readonly uid: string | undefined
  /** Highest epoch that was admitted; -1 before the first runner. */
  readonly epoch: number
  /** Invites of a lower access generation are void. */
  readonly generation: number
  readonly public: boolean
  readonly seats: number
  readonly maxViewers: number
}

export type RoomEvent =
  /** A runner with good claims wants the room. */
  | { type: 'announced'; runner: string; claims: RunnerClaims }
  /** Its token was replaced. */
  | { type: 'renewed'; runner: string; claims: RunnerClaims }
  /** Its media connection is up. */
  | { type: 'flowing'; runner: string }
  /** No picture for now. */
  | { type: 'interrupted'; runner: string; reason: string }
  | { type: 'runner-gone'; runner: string; reason: string }
  | { type: 'closed'; reason: string }

/** What a viewer reads before the first runner came. */
const NOT_STARTED = 'the room has not started yet'
/** Limits before a runner's token says them. */
const DEFAULT_MAX_VIEWERS = 100

/** A room that nobody has announced yet. */
export function newRoom(room: string): RoomLife {
  return {
    room,
    phase: { state: 'waiting', reason: NOT_STARTED, runner: undefined },
    uid: undefined,
    epoch: -1,
    generation: 0,
    public: false,
    seats: 1,
    maxViewers: DEFAULT_MAX_VIEWERS,
  }
}

/**
 * The life after an event. Events of a runner that does not own the room any more change nothing.
 * @throws {NestriError} ERR_ROOM_TAKEN or ERR_ROOM_CLOSED for an announce, ERR_TOKEN_ROOM for a renewal with other claims
 */
export function nextRoom(life: RoomLife, event: RoomEvent): RoomLife {
  const { phase } = life
  if (event.type === 'announced') return announced(life, event.runner, event.claims)
  if (phase.state === 'ended') return life
  if (event.type === 'closed') return { ...life, phase: { state: 'ended', reason: event.reason } }
  if (phase.runner !== event.runner) return life
  switch (event.type) {
    case 'flowing':
      return { ...life, phase: { state: 'live', runner: event.runner } }
    case 'interrupted':
      return { ...life, phase: { state: 'waiting', reason: event.reason, runner: event.runner } }
    case 'runner-gone':
      return { ...life, phase: { state: 'waiting', reason: event.reason, runner: undefined } }
    case 'renewed':
      return renewed(life, event.claims)
  }
}

/** State and reason as viewers and the room list are told. */
export function stateOf({ phase }: RoomLife): { state: RoomState; reason: string } {
  return { state: phase.state, reason: phase.state === 'live' ? '' : phase.reason }
}

/** The control connection that owns the room, or undefined. */
export function ownerOf({ phase }: RoomLife): string | undefined {
  return phase.state === 'ended' ? undefined : phase.runner
}

/**
 * Lets a viewer's token into the room only when its access generation still counts.
 * @throws {NestriError} ERR_TOKEN_GENERATION
 */
export function assertGeneration({ generation }: RoomLife, granted: number): void {
  if (granted < generation) throw new NestriError('ERR_TOKEN_GENERATION', { generation: granted })
}

function announced(life: RoomLife, runner: string, claims: RunnerClaims): RoomLife {
  const { room, phase, uid, epoch } = life
  const sameObject = uid === undefined || uid === claims.uid
  if (phase.state === 'ended') throw new NestriError('ERR_ROOM_CLOSED', { room })
  // A NestriRoom that was deleted and made again counts its epochs anew; it has to wait until the old runner is gone.
  const taken = sameObject ? claims.epoch < epoch : phase.runner !== undefined
  if (taken) throw new NestriError('ERR_ROOM_TAKEN', { room, epoch })
  const reason = phase.state === 'waiting' && phase.reason !== NOT_STARTED ? phase.reason : 'the room is starting'
  return {
    ...life,
    ...grants(claims),
    uid: claims.uid,
    epoch: claims.epoch,
    generation: sameObject ? Math.max(life.generation, claims.generation) : claims.generation,
    phase: { state: 'waiting', reason, runner },
  }
}

function renewed(life: RoomLife, claims: RunnerClaims): RoomLife {
  if (claims.uid !== life.uid || claims.epoch !== life.epoch) {
    throw new NestriError('ERR_TOKEN_ROOM', {
      granted: `${claims.room} in epoch ${claims.epoch}`,
      asked: `${life.room} in epoch ${life.epoch}`,
    })
  }
  return { ...life, ...grants(claims), generation: Math.max(life.generation, claims.generation) }
}

function grants(claims: RunnerClaims): Pick<RoomLife, 'public' | 'seats' | 'maxViewers'> {
  return { public: claims.public, seats: claims.seats, maxViewers: claims.maxViewers }
}
