// SPDX-License-Identifier: Apache-2.0
// Runs a room's steps as plan.ts says: starts and stops processes, waits, and tells what happens. Owns every step that it
// has started.

import { NestriError } from '@nestri/protocol'
import { messageOf, systemClock } from '@nestri/runtime'
import type { Clock, Logger } from '@nestri/runtime'
import { initialState, next, nextTickMs } from './plan.ts'
import type { RoomEffect, RoomEvent, RoomState, StepId, StepRule } from './plan.ts'
import type { Offers, RunningStep, Step, StepEnd } from './step.ts'

export type StepWord = 'starting' | 'ready' | 'failed' | 'stopped'

export interface SupervisorOptions {
  rules: readonly StepRule[]
  steps: readonly Step[]
  /** What steps offer that are not ours to start, e.g. the DISPLAY of an existing desktop. */
  given: Offers
  onStatus: (step: StepId, state: StepWord, detail: string) => void
  log: Logger
  clock?: Clock
  random?: () => number
}

export class Supervisor implements AsyncDisposable {
  /** Rejects when the room is given up; never resolves. */
  readonly failed: Promise<never>
  readonly #options: Required<SupervisorOptions>
  readonly #running = new Map<StepId, RunningStep>()
  readonly #offers = new Map<StepId, Offers>()
  /** How each step ended last, for the sentence about giving it up. */
  readonly #ends = new Map<StepId, StepEnd>()
  readonly #fail: (error: Error) => void
  readonly #done: Promise<void>
  readonly #finish: () => void
  #state: RoomState
  #timer: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions) {
    this.#options = { clock: systemClock, random: Math.random, ...options }
    this.#state = initialState(options.rules)
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => undefined)
    this.failed = failed.promise
    this.#fail = failed.reject
    const done = Promise.withResolvers<void>()
    this.#done = done.promise
    this.#finish = done.resolve
  }

  /** Starts the first step; the others follow. */
  start(): void {
    this.#tell({ type: 'begin' })
  }

  /** Ends all steps, the last one first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#tell({ type: 'end' })
    await this.#done
    clearTimeout(this.#timer)
  }

  #tell(event: RoomEvent): void {
    const { clock, random } = this.#options
    const { state, effects } = next(this.#state, event, clock.monotonicMs(), random())
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
    clearTimeout(this.#timer)
    const tickMs = nextTickMs(this.#state)
    if (tickMs === undefined) return
    this.#timer = setTimeout(() => this.#tell({ type: 'tick' }), Math.max(0, tickMs - clock.monotonicMs()) + 1)
  }

  #carryOut(effect: RoomEffect): void {
    switch (effect.type) {
      case 'start':
        this.#start(effect.step)
        break
      case 'stop':
        void this.#running.get(effect.step)?.stop(this.#step(effect.step)?.graceMs ?? 0)
        break
      case 'retry': {
        const reason = this.#ends.get(effect.step)?.reason ?? ''
        this.#options.log.warn({ step: effect.step, reason, waitMs: effect.waitMs }, 'step ended, starting it again')
        this.#options.onStatus(effect.step, 'failed', `${reason}; again in ${(effect.waitMs / 1000).toFixed(1)} s`)
        break
      }
      case 'give-up': {
        const end = this.#ends.get(effect.step)
        const reason = end?.reason ?? 'unknown'
        this.#options.onStatus(effect.step, 'failed', reason)
        const program = this.#step(effect.step)?.programs[0] ?? effect.step
        this.#fail(
          end?.fatal ??
            new NestriError('ERR_PROGRAM_EXIT', { program, status: reason.replace(/^ended (with|by) /, '') }),
        )
        break
      }
      case 'done':
        this.#finish()
        break
    }
  }

  #start(id: StepId): void {
    const step = this.#step(id)
    if (step === undefined) return
    this.#options.onStatus(id, 'starting', '')
    const offers = Object.assign({}, this.#options.given, ...this.#offers.values()) as Offers
    const running = step.start(offers)
    this.#running.set(id, running)
    running.ready.then(
      (given) => this.#onReady(id, running, given),
      (error: unknown) => this.#options.log.debug({ step: id, reason: messageOf(error) }, 'step did not become ready'),
    )
    running.ended.then(
      (end) => this.#onEnded(id, end),
      (error: unknown) => this.#onEnded(id, { reason: messageOf(error) }),
    )
  }

  #onReady(id: StepId, running: RunningStep, offers: Offers): void {
    if (this.#running.get(id) !== running) return
    this.#offers.set(id, offers)
    this.#options.log.info({ step: id, ...offers }, 'step is ready')
    this.#options.onStatus(id, 'ready', '')
    this.#tell({ type: 'ready', step: id })
  }

  #onEnded(id: StepId, end: StepEnd): void {
    const wasAsked = this.#state.steps[id]?.kind === 'stopping'
    this.#running.delete(id)
    this.#offers.delete(id)
    this.#ends.set(id, end)
    if (wasAsked) this.#options.onStatus(id, 'stopped', '')
    this.#tell({ type: 'ended', step: id, fatal: end.fatal !== undefined })
  }

  #step(id: StepId): Step | undefined {
    return this.#options.steps.find((step) => step.id === id)
  }
}
