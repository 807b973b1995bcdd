// SPDX-License-Identifier: Apache-2.0
// Who may come in: decides a viewer's hello, a runner's announce and an API call from their tokens. Rooms need not be
// there yet; what depends on the room (its generation, its limits) is checked by the room.

import { NestriError } from '@nestri/protocol'
import type { Role, RunnerClaims, RunnerMessage, ViewerMessage } from '@nestri/protocol'
import { ulid } from 'ulid'
import type { KeyFolder } from './key-folder.ts'
import { verifyToken } from './tokens.ts'

/** A viewer that may join. */
export interface ViewerGrant {
  room: string
  role: Role
  viewer: string
  generation: number
  /** Claim on a seat from an earlier connection, with the second when it was put down. */
  claim: { seat: number; issuedAt: number } | undefined
  /** Whether it came back with a resume token. */
  resumed: boolean
}

/** What an API caller may see. */
export type Caller = { kind: 'anybody' } | { kind: 'operator' } | { kind: 'room'; room: string }

type Hello = Extract<ViewerMessage, { type: 'hello' }>
type Announce = Extract<RunnerMessage, { type: 'announce' }>

/** What holds for a room whose runner has no token (NESTRI_AUTH=open) and wishes nothing. */
const OPEN_ROOM = { public: true, seats: 1, maxViewers: 100 }

export class Admission {
  readonly #keys: KeyFolder
  readonly #open: boolean

  constructor(keys: KeyFolder, auth: 'token' | 'open') {
    this.#keys = keys
    this.#open = auth === 'open'
  }

  /**
   * A viewer's right to join: the resume token where it is good, else the invite.
   * @throws {NestriError} ERR_TOKEN_*
   */
  async viewer(hello: Hello): Promise<ViewerGrant> {
    const { room, resume, token, role } = hello
    if (resume !== undefined) {
      try {
        return await this.#resumed(room, resume)
      } catch (error) {
        if (token === undefined && !this.#open) throw error
      }
    }
    if (token !== undefined) {
      const { claims } = await verifyToken(this.#keys, token, ['invite'])
      assertRoom(claims.room, room)
      return {
        room,
        role: claims.role,
        viewer: ulid(),
        generation: claims.generation,
        claim: undefined,
        resumed: false,
      }
    }
    if (!this.#open) throw new NestriError('ERR_TOKEN_MISSING')
    const generation = Number.MAX_SAFE_INTEGER
    return { room, role: role ?? 'spectator', viewer: ulid(), generation, claim: undefined, resumed: false }
  }

  /**
   * A runner's right to publish its room.
   * @throws {NestriError} ERR_TOKEN_*
   */
  async runner({
    room,
    epoch,
    token,
    wishes,
  }: Pick<Announce, 'room' | 'epoch' | 'token' | 'wishes'>): Promise<RunnerClaims> {
    if (token === undefined) {
      if (!this.#open) throw new NestriError('ERR_TOKEN_MISSING')
      return { use: 'runner', room, uid: '', epoch, generation: 0, ...(wishes ?? OPEN_ROOM) }
    }
    const { claims } = await verifyToken(this.#keys, token, ['runner'])
    assertRoom(claims.room, room)
    if (claims.epoch !== epoch) {
      throw new NestriError('ERR_TOKEN_ROOM', {
        granted: `${claims.room} in epoch ${claims.epoch}`,
        asked: `${room} in epoch ${epoch}`,
      })
    }
    return claims
  }

  /**
   * What the caller of an HTTP request may see. Without a token: public rooms, in open mode every room.
   * @throws {NestriError} ERR_TOKEN_*
   */
  async caller(token: string | undefined): Promise<Caller> {
    if (token === undefined) return { kind: 'anybody' }
    const { claims } = await verifyToken(this.#keys, token, ['operator', 'invite', 'runner', 'resume'])
    return claims.use === 'operator' ? { kind: 'operator' } : { kind: 'room', room: claims.room }
  }

  /**
   * Lets only an operator through.
   * @throws {NestriError} ERR_TOKEN_*
   */
  async operator(token: string | undefined): Promise<void> {
    if (token === undefined) throw new NestriError('ERR_TOKEN_MISSING')
    await verifyToken(this.#keys, token, ['operator'])
  }

  async #resumed(room: string, resume: string): Promise<ViewerGrant> {
    const { claims, issuedAt } = await verifyToken(this.#keys, resume, ['resume'])
    assertRoom(claims.room, room)
    const { role, viewer, generation, seat } = claims
    return { room, role, viewer, generation, claim: seat === undefined ? undefined : { seat, issuedAt }, resumed: true }
  }
}

function assertRoom(granted: string, asked: string): void {
  if (granted !== asked) throw new NestriError('ERR_TOKEN_ROOM', { granted, asked })
}
