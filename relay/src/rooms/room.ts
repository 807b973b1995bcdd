// SPDX-License-Identifier: Apache-2.0
// One room: its life, seats, viewers and runner, and the media that joins them. Decisions are made by room-state.ts and
// seats.ts; this file carries them out.

import { CONNECT_TIMEOUT_MS, NestriError } from '@nestri/protocol'
import type { EncoderFacts, RelayToViewer, RoomFacts, RunnerClaims, StreamStats } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import { ulid } from 'ulid'
import { writeIngestAnswer } from '../ingest/answer.ts'
import { readIngestOffer } from '../ingest/offer.ts'
import type { Ingest } from '../sfu/ingest.ts'
import type { MediaWorkers } from '../sfu/media-workers.ts'
import { RoomMedia } from '../sfu/room-media.ts'
import type { ViewerMedia } from '../sfu/viewer-media.ts'
import type { BitrateRange } from './bitrate-control.ts'
import { BitrateLoop } from './bitrate-loop.ts'
import { InputLinks } from './input-links.ts'
import type { RoomRunner, RoomViewer } from './peers.ts'
import { assertGeneration, newRoom, nextRoom, ownerOf, stateOf } from './room-state.ts'
import type { RoomEvent, RoomLife } from './room-state.ts'
import { askSeat, connectedHolder, expireSeats, freeSeats, grantSeat, joinSeats } from './seats.ts'
import { loseConnection, nextExpiryMs, releaseSeat, resizeSeats, seatFactsOf, seatOf } from './seats.ts'
import type { SeatClaim, Seats } from './seats.ts'

/** How long a runner whose media ended may take to offer again before its control connection is ended too, in ms. */
const REOFFER_MS = 5_000

export interface RoomOptions {
  room: string
  workers: MediaWorkers
  log: Logger
  /** Called after anything that `facts()` shows has changed. */
  onChange: () => void
}

/** Bitrates before a runner announced its own: only for the start of an estimate. */
const DEFAULT_RANGE: BitrateRange = { minKbps: 500, startKbps: 6_000, maxKbps: 6_000 }

export class Room implements Disposable {
  /** ULID of this life of the room on this relay. */
  readonly id: string = ulid()
  readonly name: string
  readonly media: RoomMedia
  readonly createdUnixMs: number = Date.now()
  range: BitrateRange = DEFAULT_RANGE
  stats: StreamStats | null = null
  readonly #options: RoomOptions
  readonly #log: Logger
  readonly #viewers = new Map<string, RoomViewer>()
  readonly #links: InputLinks
  #encoder: EncoderFacts | null = null
  #bitrate: BitrateLoop | undefined
  #life: RoomLife
  #seats: Seats
  #runner: RoomRunner | undefined
  #sinceUnixMs = Date.now()
  #emptySinceMs: number = performance.now()
  #seatTimer: NodeJS.Timeout | undefined
  #reofferTimer: NodeJS.Timeout | undefined

  constructor(options: RoomOptions) {
    this.#options = options
    this.name = options.room
    this.#log = options.log.child({ room: options.room, id: this.id })
    this.#life = newRoom(options.room)
    this.#seats = freeSeats(this.#life.seats)
    this.media = new RoomMedia(options.workers, this.#log)
    this.#links = new InputLinks(this.#log)
  }

  get life(): RoomLife {
    return this.#life
  }

  get viewers(): Iterable<RoomViewer> {
    return this.#viewers.values()
  }

  get viewerCount(): number {
    return this.#viewers.size
  }

  /** Monotonic ms since which nobody is here; undefined while somebody is. */
  get emptySinceMs(): number | undefined {
    return this.#viewers.size === 0 && this.#runner === undefined ? this.#emptySinceMs : undefined
  }

  get encoder(): EncoderFacts | null {
    return this.#encoder
  }

  /** The runner's encoder was chosen or replaced. */
  set encoder(encoder: EncoderFacts) {
    this.#encoder = encoder
    this.#options.onChange()
  }

  seatOf(viewer: string): number | undefined {
    return seatOf(this.#seats, viewer)
  }

  /**
   * Takes a viewer in. One with the same id is superseded.
   * @throws {NestriError} ERR_ROOM_CLOSED, ERR_ROOM_FULL or ERR_TOKEN_GENERATION
   */
  join(viewer: RoomViewer, { generation, claim }: { generation: number; claim: SeatClaim | undefined }): void {
    const { room, phase, maxViewers } = this.#life
    if (phase.state === 'ended') throw new NestriError('ERR_ROOM_CLOSED', { room })
    assertGeneration(this.#life, generation)
    const previous = this.#viewers.get(viewer.id)
    if (previous === undefined && this.#viewers.size >= maxViewers) {
      throw new NestriError('ERR_ROOM_FULL', { room, limit: maxViewers })
    }
    this.#viewers.set(viewer.id, viewer)
    previous?.end(new NestriError('ERR_SUPERSEDED'))
    this.#log.info({ viewer: viewer.id, role: viewer.role, viewers: this.#viewers.size }, 'viewer joined')
    viewer.send({ type: 'room-state', ...stateOf(this.#life) })
    if (viewer.role === 'player') this.#applySeats(joinSeats(this.#seats, viewer.id, claim))
    viewer.send(this.#seatsMessage())
    this.#options.onChange()
  }

  /** A viewer's connection ended. Its seat is kept for a while. */
  leave(viewer: RoomViewer): void {
    if (this.#viewers.get(viewer.id) !== viewer) return
    this.#viewers.delete(viewer.id)
    this.#emptySinceMs = performance.now()
    this.#applySeats(loseConnection(this.#seats, viewer.id, performance.now()))
    this.#log.info({ viewer: viewer.id, viewers: this.#viewers.size }, 'viewer left')
    this.#options.onChange()
  }

  /** A player's transport is open: its input may go to the runner. */
  linkInput(viewer: RoomViewer, media: ViewerMedia): void {
    this.#links.add(viewer.id, media)
  }

  /** @throws {NestriError} ERR_ROLE or ERR_SEAT */
  seatAction(
    viewer: RoomViewer,
    action: { type: 'seat-ask' | 'seat-release'; seat: number } | { type: 'seat-grant'; seat: number; to: string },
  ): void {
    if (viewer.role !== 'player') throw new NestriError('ERR_ROLE', { role: viewer.role })
    switch (action.type) {
      case 'seat-ask':
        return this.#applySeats(askSeat(this.#seats, viewer.id, action.seat))
      case 'seat-grant':
        return this.#applySeats(grantSeat(this.#seats, viewer.id, action))
      case 'seat-release':
        return this.#applySeats(releaseSeat(this.#seats, viewer.id, action.seat))
    }
  }

  /**
   * Admits a runner. The one that had the room is superseded; viewers stay.
   * @throws {NestriError} ERR_ROOM_TAKEN or ERR_ROOM_CLOSED
   */
  announce(
    runner: RoomRunner,
    claims: RunnerClaims,
    { bitrate, encoder }: { bitrate: BitrateRange; encoder: EncoderFacts | null },
  ): void {
    const previous = this.#runner
    this.#transition({ type: 'announced', runner: runner.id, claims })
    this.#runner = runner
    this.range = bitrate
    this.#encoder = encoder
    this.stats = null
    this.#dropMedia()
    previous?.end(new NestriError('ERR_SUPERSEDED'), { final: true })
    this.#log.info({ epoch: claims.epoch, runner: runner.id }, 'runner admitted')
    runner.send({ type: 'admitted', room: this.name, id: this.id })
    this.#applySeats(resizeSeats(this.#seats, this.#life.seats))
    for (const seat of seatFactsOf(this.#seats)) runner.send({ type: 'seat', ...seat })
    this.#options.onChange()
  }

  /** @throws {NestriError} ERR_TOKEN_ROOM */
  renew(runner: RoomRunner, claims: RunnerClaims): void {
    this.#transition({ type: 'renewed', runner: runner.id, claims })
    this.#applySeats(resizeSeats(this.#seats, this.#life.seats))
  }

  /**
   * Answers a runner's offer. The media becomes the room's when it is connected.
   * @throws {NestriError} ERR_SDP
   */
  async offer(runner: RoomRunner, negotiation: number, sdp: string): Promise<void> {
    const offer = readIngestOffer(sdp)
    const ingest = await this.media.openIngest(offer)
    if (ownerOf(this.#life) !== runner.id) {
      ingest.close()
      return
    }
    clearTimeout(this.#reofferTimer)
    const sessionId = String(Date.now())
    runner.send({ type: 'answer', negotiation, sdp: writeIngestAnswer(offer, ingest.description, sessionId) })
    const timer = setTimeout(() => this.#onConnectTimeout(runner, ingest), CONNECT_TIMEOUT_MS)
    ingest.transport.observer.once('close', () => clearTimeout(timer))
    ingest.onEnd((reason) => this.#onIngestEnd(runner, ingest, reason))
    ingest.onConnected(() => {
      clearTimeout(timer)
      if (ownerOf(this.#life) !== runner.id || ingest.closed) return
      this.media.use(ingest)
      this.#links.use({ ingest, runner })
      this.#followPlayer()
      this.#transition({ type: 'flowing', runner: runner.id })
      for (const viewer of this.#viewers.values()) viewer.mediaChanged()
    })
  }

  /** The runner says why there is no picture; its media stays, it may go on or be replaced. */
  interrupted(runner: RoomRunner, reason: string): void {
    clearTimeout(this.#reofferTimer)
    this.#transition({ type: 'interrupted', runner: runner.id, reason })
  }

  /** The runner's figures of the last second. Frames on the media that is still there end an interruption. */
  report(runner: RoomRunner, stats: StreamStats): void {
    this.stats = stats
    if (stats.framesPerSecond < 1 || this.media.ingest?.connected !== true) return
    this.#transition({ type: 'flowing', runner: runner.id })
  }

  /** The runner's control connection ended: its media ends with it. */
  runnerGone(runner: RoomRunner, reason: string): void {
    if (this.#runner !== runner) return
    this.#runner = undefined
    this.#emptySinceMs = performance.now()
    this.#dropMedia()
    this.#log.info({ runner: runner.id, reason }, 'runner gone')
    this.#transition({ type: 'runner-gone', runner: runner.id, reason })
  }

  /** Ends the room for good. */
  close(reason: string): void {
    this.#transition({ type: 'closed', reason })
    this.#runner?.send({ type: 'close', reason })
    for (const viewer of this.#viewers.values()) viewer.end(new NestriError('ERR_ROOM_CLOSED', { room: this.name }))
    this.#dropMedia()
    this.#log.info({ reason }, 'room closed')
  }

  broadcast(message: RelayToViewer): void {
    for (const viewer of this.#viewers.values()) viewer.send(message)
  }

  /** What the encoder is asked for, in kbit/s; undefined before the first runner. */
  get targetKbps(): number | undefined {
    return this.#bitrate?.targetKbps
  }

  /** Viewers by role. */
  counts(): { players: number; spectators: number } {
    const players = [...this.#viewers.values()].filter(({ role }) => role === 'player').length
    return { players, spectators: this.#viewers.size - players }
  }

  facts(): RoomFacts {
    const { epoch, public: isPublic } = this.#life
    return {
      id: this.id,
      room: this.name,
      epoch: Math.max(0, epoch),
      ...stateOf(this.#life),
      public: isPublic,
      sinceUnixMs: this.#sinceUnixMs,
      ...this.counts(),
      seats: seatFactsOf(this.#seats),
      encoder: this.#encoder,
      stats: this.stats,
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#seatTimer)
    clearTimeout(this.#reofferTimer)
    this.#bitrate?.[Symbol.dispose]()
    this.#links.use(undefined)
    this.media[Symbol.dispose]()
  }

  /** The encoder follows the link of the player in seat 0. */
  #followPlayer(): void {
    this.#bitrate ??= new BitrateLoop(this.range, {
      log: this.#log,
      player: () => {
        const holder = connectedHolder(this.#seats, 0)
        const media = holder === undefined ? undefined : this.#links.mediaOf(holder)
        return media?.connected === true && this.media.ingest !== undefined ? media : undefined
      },
      isHeld: () => this.#seats.seats[0]?.holder !== null,
      tell: (message) => this.#runner?.send(message),
    })
    this.#bitrate.restart(this.range)
  }

  #transition(event: RoomEvent): void {
    const before = stateOf(this.#life)
    this.#life = nextRoom(this.#life, event)
    const after = stateOf(this.#life)
    if (before.state === after.state && before.reason === after.reason) return
    this.#sinceUnixMs = Date.now()
    this.#log.info(after, 'room state')
    this.broadcast({ type: 'room-state', ...after })
    this.#options.onChange()
  }

  #dropMedia(): void {
    clearTimeout(this.#reofferTimer)
    this.#links.use(undefined)
    this.media.use(undefined)
  }

  #onIngestEnd(runner: RoomRunner, ingest: Ingest, reason: string): void {
    const workerDied = ingest.transport.closed
    ingest.close()
    if (this.#runner !== runner || (this.media.ingest !== undefined && this.media.ingest !== ingest)) return
    this.#dropMedia()
    this.#transition({ type: 'interrupted', runner: runner.id, reason })
    const end = (): void => runner.end(new NestriError('ERR_MEDIA_LOST', { reason }), { final: false })
    if (workerDied) end()
    else this.#reofferTimer = setTimeout(end, REOFFER_MS)
  }

  #onConnectTimeout(runner: RoomRunner, ingest: Ingest): void {
    ingest.close()
    runner.end(new NestriError('ERR_CONNECT_TIMEOUT', { seconds: CONNECT_TIMEOUT_MS / 1_000 }), { final: false })
  }

  #applySeats(next: Seats): void {
    const before = seatFactsOf(this.#seats)
    const asksBefore = this.#seats.asks
    this.#seats = next
    const after = seatFactsOf(next)
    const changed = [
      ...after,
      ...before.slice(after.length).map(({ seat }) => ({ seat, holder: null, connected: false })),
    ].filter(({ seat, holder, connected }) => before[seat]?.holder !== holder || before[seat]?.connected !== connected)
    for (const seat of changed) this.#runner?.send({ type: 'seat', ...seat })
    const affected = new Set(changed.flatMap(({ seat, holder }) => [holder, before[seat]?.holder ?? null]))
    for (const id of affected) if (id !== null) this.#viewers.get(id)?.seatChanged(seatOf(next, id))
    if (changed.length > 0 || asksBefore !== next.asks) this.broadcast(this.#seatsMessage())
    if (changed.length > 0) this.#options.onChange()
    this.#scheduleExpiry()
  }

  #scheduleExpiry(): void {
    clearTimeout(this.#seatTimer)
    const at = nextExpiryMs(this.#seats)
    if (at === undefined) return
    this.#seatTimer = setTimeout(
      () => this.#applySeats(expireSeats(this.#seats, performance.now() + 1)),
      Math.max(0, at - performance.now()),
    )
    this.#seatTimer.unref()
  }

  #seatsMessage(): Extract<RelayToViewer, { type: 'seats' }> {
    return { type: 'seats', seats: seatFactsOf(this.#seats), asks: [...this.#seats.asks] }
  }
}
