// SPDX-License-Identifier: Apache-2.0
// All rooms of this relay: found by name, made when the first runner or viewer comes, forgotten when nobody is left.
// Whoever watches is told of changes.

import { NestriError } from '@nestri/protocol'
import type { RoomFacts, RunnerClaims, RunnerMessage } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import type { Caller, ViewerGrant } from '../auth/admission.ts'
import type { MediaWorkers } from '../sfu/media-workers.ts'
import type { RoomRunner, RoomViewer } from './peers.ts'
import { Room } from './room.ts'

type Announce = Extract<RunnerMessage, { type: 'announce' }>

export interface RoomRegistryOptions {
  workers: MediaWorkers
  log: Logger
  maxRooms: number
  /** Viewers of all rooms together; 0 sets no limit. */
  maxViewers: number
  /** Whether everybody sees every room (NESTRI_AUTH=open). */
  open: boolean
}

/** A room without anybody is kept this long: its seats, generation and epoch are worth a reconnect. */
const EMPTY_ROOM_MS = 120_000
/** A closed room is remembered this long, so that a straggling runner of the same epoch is refused. */
const CLOSED_ROOM_MS = 600_000

export class RoomRegistry implements Disposable {
  readonly #options: RoomRegistryOptions
  readonly #rooms = new Map<string, Room>()
  readonly #watchers = new Set<() => void>()
  readonly #timer: NodeJS.Timeout

  constructor(options: RoomRegistryOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#tick(), 1_000)
  }

  get rooms(): Iterable<Room> {
    return this.#rooms.values()
  }

  get viewerCount(): number {
    return [...this.#rooms.values()].reduce((sum, { viewerCount }) => sum + viewerCount, 0)
  }

  /**
   * Takes a viewer into its room, which may still be waiting for its runner.
   * @throws {NestriError} ERR_RELAY_FULL and what Room.join throws
   */
  join(viewer: RoomViewer, { room: name, generation, claim }: ViewerGrant): Room {
    const { maxViewers } = this.#options
    if (maxViewers > 0 && this.viewerCount >= maxViewers) throw new NestriError('ERR_RELAY_FULL')
    const room = this.#rooms.get(name) ?? this.#add(name)
    const createdSecond = Math.floor(room.createdUnixMs / 1_000)
    room.join(viewer, {
      generation,
      claim: claim === undefined ? undefined : { seat: claim.seat, fromEarlierLife: claim.issuedAt <= createdSecond },
    })
    return room
  }

  /**
   * Gives a runner its room.
   * @throws {NestriError} ERR_RELAY_FULL, ERR_ROOM_TAKEN or ERR_ROOM_CLOSED
   */
  announce(runner: RoomRunner, claims: RunnerClaims, { bitrate, encoder }: Announce): Room {
    let room = this.#rooms.get(claims.room)
    if (room?.life.phase.state === 'ended' && (claims.epoch > room.life.epoch || claims.uid !== room.life.uid)) {
      this.#remove(room)
      room = undefined
    }
    room ??= this.#add(claims.room)
    room.announce(runner, claims, { bitrate, encoder })
    return room
  }

  /** What `caller` may know of the rooms, by name. */
  list(caller: Caller): RoomFacts[] {
    return [...this.#rooms.values()]
      .map((room) => room.facts())
      .filter((facts) => this.#visible(facts, caller))
      .sort((a, b) => (a.room < b.room ? -1 : 1))
  }

  /**
   * Ends a room for good.
   * @throws {NestriError} ERR_NOT_FOUND
   */
  close(name: string, reason: string): void {
    const room = this.#rooms.get(name)
    if (room === undefined) throw new NestriError('ERR_NOT_FOUND', { path: name })
    room.close(reason)
  }

  /** Callers that watch the list. */
  get watcherCount(): number {
    return this.#watchers.size
  }

  /** Calls `handler` after every change of any room. Returns the undo. */
  watch(handler: () => void): () => void {
    this.#watchers.add(handler)
    return () => this.#watchers.delete(handler)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const room of [...this.#rooms.values()]) this.#remove(room)
  }

  #visible(facts: RoomFacts, caller: Caller): boolean {
    if (caller.kind === 'operator') return true
    if (facts.public || this.#options.open) return true
    return caller.kind === 'room' && caller.room === facts.room
  }

  #add(name: string): Room {
    if (this.#rooms.size >= this.#options.maxRooms && !this.#evict()) throw new NestriError('ERR_RELAY_FULL')
    const { workers, log } = this.#options
    const room = new Room({ room: name, workers, log, onChange: () => this.#changed() })
    this.#rooms.set(name, room)
    return room
  }

  /** Makes place by forgetting the room that has been empty for longest. */
  #evict(): boolean {
    const [oldest] = [...this.#rooms.values()]
      .filter(({ emptySinceMs }) => emptySinceMs !== undefined)
      .sort((a, b) => (a.emptySinceMs ?? 0) - (b.emptySinceMs ?? 0))
    if (oldest === undefined) return false
    this.#remove(oldest)
    return true
  }

  #remove(room: Room): void {
    this.#rooms.delete(room.name)
    room[Symbol.dispose]()
    this.#changed()
  }

  #changed(): void {
    for (const handler of this.#watchers) handler()
  }

  #tick(): void {
    const nowMs = performance.now()
    for (const room of [...this.#rooms.values()]) {
      const keptMs = room.life.phase.state === 'ended' ? CLOSED_ROOM_MS : EMPTY_ROOM_MS
      if (room.emptySinceMs !== undefined && nowMs - room.emptySinceMs > keptMs) this.#remove(room)
      else if (room.life.phase.state === 'live') {
        room.broadcast({ type: 'room-stats', ...room.counts(), encoder: room.encoder, stats: room.stats })
      }
    }
  }
}
