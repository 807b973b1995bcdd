// SPDX-License-Identifier: Apache-2.0
// Watches the link of the player in seat 0 and tells the runner what bitrate to aim for. One look every half second, and
// at once when the estimate falls; spectators are never looked at.

import type { RelayToRunner } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import type { ViewerMedia } from '../sfu/viewer-media.ts'
import { decideBitrate, startBitrate } from './bitrate-control.ts'
import type { BitrateRange, BitrateState } from './bitrate-control.ts'
import { measureLink, NO_HISTORY } from './link-meter.ts'
import type { LinkHistory } from './link-meter.ts'

export interface BitrateLoopOptions {
  log: Logger
  /** Media of the player that counts, or undefined while it is not connected. */
  player: () => ViewerMedia | undefined
  /** Whether seat 0 has a holder at all, connected or not. */
  isHeld: () => boolean
  tell: (message: Extract<RelayToRunner, { type: 'target-bitrate' }>) => void
}

const LOOK_MS = 500
/**
 * After a cut for loss the queue in front of the link needs about so long to drain. Then a key frame heals the picture: the
 * browser itself waits up to 3 s for retransmissions of packets that are worth nothing any more before it asks for one.
 */
const HEAL_AFTER_MS = 700
/** Changes smaller than this are not worth an encoder's attention. */
const WORTH_TELLING = 0.02

export class BitrateLoop implements Disposable {
  readonly #options: BitrateLoopOptions
  readonly #timer: NodeJS.Timeout
  #range: BitrateRange
  #state: BitrateState
  #toldKbps: number
  #media: ViewerMedia | undefined
  readonly #watched = new WeakSet<ViewerMedia>()
  #history: LinkHistory = NO_HISTORY
  #looking = false
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #healTimer: NodeJS.Timeout | undefined

  constructor(range: BitrateRange, options: BitrateLoopOptions) {
    this.#options = options
    this.#range = range
    this.#state = startBitrate(range.startKbps, performance.now())
    this.#toldKbps = range.startKbps
    this.#timer = setInterval(() => {
      // An estimate of its own made us look a moment ago.
      if (performance.now() - this.#lookedAtMs > LOOK_MS / 2) this.#look()
    }, LOOK_MS)
  }

  /** What the encoder is asked for, in kbit/s. */
  get targetKbps(): number {
    return this.#state.targetKbps
  }

  /** The runner's media was connected (again): its encoder starts at `startKbps` by itself. */
  restart(range: BitrateRange): void {
    this.#range = range
    this.#toldKbps = range.startKbps
    const targetKbps = Math.min(range.maxKbps, Math.max(range.minKbps, this.#state.targetKbps))
    this.#state = { ...this.#state, targetKbps }
    this.#tell('start')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    clearTimeout(this.#healTimer)
    this.#media = undefined
  }

  #look(): void {
    const media = this.#options.player()
    if (media !== this.#media) this.#follow(media)
    if (media === undefined) {
      // Nobody plays: there is no link to protect.
      if (!this.#options.isHeld() && this.#state.targetKbps !== this.#range.startKbps) {
        this.#state = startBitrate(this.#range.startKbps, performance.now())
        this.#tell('start')
      }
      return
    }
    if (this.#looking) return
    this.#looking = true
    this.#lookedAtMs = performance.now()
    this.#sample(media)
      .catch((error: unknown) => {
        if (!media.closed) this.#options.log.warn({ err: error }, 'link could not be measured')
      })
      .finally(() => {
        this.#looking = false
      })
  }

  #follow(media: ViewerMedia | undefined): void {
    this.#media = media
    this.#history = NO_HISTORY
    this.#state = startBitrate(this.#state.targetKbps, performance.now())
    if (media === undefined || this.#watched.has(media)) return
    this.#watched.add(media)
    media.onEstimate(() => {
      if (this.#media === media) this.#look()
    })
  }

  async #sample(media: ViewerMedia): Promise<void> {
    const figures = await media.linkFigures()
    if (figures === undefined || this.#media !== media) return
    const { estimateKbps, rttMs, recentLossFraction, ...counters } = figures
    const atMs = performance.now()
    const { history, measure } = measureLink(this.#history, { atMs, ...counters }, rttMs ?? 0)
    this.#history = history
    const sample = { atMs, estimateKbps, rttMs, recentLossFraction, ...measure }
    this.#options.log.debug({ ...sample, targetKbps: this.#state.targetKbps }, 'looked at the link')
    const { state, decision } = decideBitrate(this.#state, sample, this.#range)
    this.#state = state
    if (decision === undefined) return
    if (decision.reason !== 'climb') this.#options.log.info({ ...sample, ...decision }, 'player link is full')
    this.#tell(decision.reason)
    if (decision.reason === 'loss') this.#healLater(media)
  }

  #healLater(media: ViewerMedia): void {
    clearTimeout(this.#healTimer)
    this.#healTimer = setTimeout(() => {
      media.requestKeyFrame().catch((error: unknown) => {
        if (!media.closed) this.#options.log.warn({ err: error }, 'key frame could not be requested')
      })
    }, HEAL_AFTER_MS)
  }

  #tell(reason: string): void {
    const { targetKbps: bitrateKbps } = this.#state
    const atBound = bitrateKbps === this.#range.maxKbps || bitrateKbps === this.#range.minKbps
    const change = Math.abs(bitrateKbps - this.#toldKbps) / this.#toldKbps
    if (change === 0 || (change < WORTH_TELLING && !atBound)) return
    this.#toldKbps = bitrateKbps
    this.#options.tell({ type: 'target-bitrate', bitrateKbps, reason })
  }
}
