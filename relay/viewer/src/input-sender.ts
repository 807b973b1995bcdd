// SPDX-License-Identifier: Apache-2.0
// Turns what the player does into input messages: counts them, sums motion and flushes it every few milliseconds,
// repeats what is held, and lets go of everything when told to. No DOM: events, time and channels are handed in.

import { encodeInput, type InputEvent, channelOf, MAX_HELD_CODES } from '@nestri/protocol'

/** Longest time that motion is collected before it is sent. Faster than any frame, slower than an 8 kHz mouse. */
export const MOTION_FLUSH_MS = 4
/** Pause before motion that a full channel refused is tried again. */
const RETRY_MS = 20
/** Interval of the snapshot of everything that is held: heals a press or release that went missing. */
export const HELD_INTERVAL_MS = 250

/** Time as the sender needs it; milliseconds of `performance.now()` in the page. */
export interface Clock {
  nowMs(): number
  /** Calls back once after `ms`; the result cancels. */
  after(ms: number, callback: () => void): () => void
}

/** Where messages go. False: not taken (channel closed or full), nothing was sent. */
export type SendInput = (channel: 'input' | 'motion', bytes: Uint8Array<ArrayBuffer>) => boolean

export interface InputSenderOptions {
  send: SendInput
  clock: Clock
  /** Told of every message that was sent: its number and when the player did it (clock of `Clock`). */
  onSent?: (seq: number, atMs: number, event: InputEvent) => void
}

/** Motion that has not been sent yet. Positions replace each other, movements add up. */
type Pending =
  | { kind: 'none' }
  | { kind: 'relative'; dx: number; dy: number; atMs: number }
  | { kind: 'absolute'; x: number; y: number; atMs: number }

/** One player's input. Codes are evdev codes. */
export class InputSender {
  readonly #options: InputSenderOptions
  readonly #held = new Set<number>()
  #seq = 0
  #pending: Pending = { kind: 'none' }
  #residual = { x: 0, y: 0 }
  #wheelResidual = { x: 0, y: 0 }
  #lastFlushMs = Number.NEGATIVE_INFINITY
  #cancelFlush: (() => void) | undefined
  #cancelHeld: (() => void) | undefined

  constructor(options: InputSenderOptions) {
    this.#options = options
  }

  /** Codes of the keys and buttons that are down. */
  get held(): ReadonlySet<number> {
    return this.#held
  }

  /** Number of the last message. */
  get seq(): number {
    return this.#seq
  }

  /** A key went down or up. Repeats of a key that is down are left out: the room repeats by itself. */
  key(code: number, pressed: boolean, atMs: number = this.#options.clock.nowMs()): void {
    this.#press({ type: 'key', code, pressed }, atMs)
  }

  /** A button went down or up. Motion that waits goes first, so that the click lands where the pointer is. */
  button(code: number, pressed: boolean, atMs: number = this.#options.clock.nowMs()): void {
    this.flush()
    this.#press({ type: 'button', code, pressed }, atMs)
  }

  /** The wheel turned by `x`, `y` in 1/120 notch; fractions are carried over. */
  wheel(x: number, y: number, atMs: number = this.#options.clock.nowMs()): void {
    const carried = this.#wheelResidual
    const [wholeX, restX] = split(x + carried.x)
    const [wholeY, restY] = split(y + carried.y)
    this.#wheelResidual = { x: restX, y: restY }
    if (wholeX !== 0 || wholeY !== 0) this.#send({ type: 'wheel', x: wholeX, y: wholeY }, atMs)
  }

  /** The pointer moved by `dx`, `dy` counts; fractions are carried over. */
  moveBy(dx: number, dy: number, atMs: number = this.#options.clock.nowMs()): void {
    if (this.#pending.kind === 'absolute') this.flush()
    const before = this.#pending.kind === 'relative' ? this.#pending : { dx: 0, dy: 0, atMs }
    this.#pending = { kind: 'relative', dx: before.dx + dx, dy: before.dy + dy, atMs: before.atMs }
    this.#flushSoon()
  }

  /** The pointer is at `x`, `y`: 0..1 over the picture, clamped. */
  moveTo(x: number, y: number, atMs: number = this.#options.clock.nowMs()): void {
    if (this.#pending.kind === 'relative') this.flush()
    this.#pending = { kind: 'absolute', x: clamp01(x), y: clamp01(y), atMs }
    this.#flushSoon()
  }

  /** Sends the motion that waits. What the channel does not take is kept and grows. */
  flush(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    const pending = this.#pending
    if (pending.kind === 'none') return
    this.#lastFlushMs = this.#options.clock.nowMs()
    if (pending.kind === 'absolute') {
      const event = { type: 'absolute', x: Math.round(pending.x * 65535), y: Math.round(pending.y * 65535) } as const
      if (this.#send(event, pending.atMs)) this.#pending = { kind: 'none' }
      else this.#flushLater(RETRY_MS)
      return
    }
    const [dx, restX] = split(pending.dx + this.#residual.x)
    const [dy, restY] = split(pending.dy + this.#residual.y)
    const nothing = dx === 0 && dy === 0
    if (!nothing && !this.#send({ type: 'relative', dx, dy }, pending.atMs)) {
      this.#flushLater(RETRY_MS)
      return
    }
    this.#residual = { x: restX, y: restY }
    this.#pending = { kind: 'none' }
  }

  /** Lets go of everything: told to the room when anything is held or `always`, forgotten here in any case. */
  releaseAll(options: { always?: boolean } = {}): void {
    this.#pending = { kind: 'none' }
    this.#residual = { x: 0, y: 0 }
    this.#wheelResidual = { x: 0, y: 0 }
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    this.#stopHeld()
    const any = this.#held.size > 0
    this.#held.clear()
    if (any || options.always === true) this.#send({ type: 'release' }, this.#options.clock.nowMs())
  }

  #press(event: Extract<InputEvent, { type: 'key' | 'button' }>, atMs: number): void {
    if (event.pressed === this.#held.has(event.code)) return
    if (event.pressed && this.#held.size >= MAX_HELD_CODES) return
    if (!this.#send(event, atMs) && event.pressed) return
    if (event.pressed) this.#held.add(event.code)
    else this.#held.delete(event.code)
    if (this.#held.size === 0) this.#stopHeld()
    else this.#cancelHeld ??= this.#options.clock.after(HELD_INTERVAL_MS, () => this.#repeatHeld())
  }

  #repeatHeld(): void {
    this.#cancelHeld = undefined
    if (this.#held.size === 0) return
    this.#send({ type: 'held', codes: [...this.#held] }, this.#options.clock.nowMs())
    this.#cancelHeld = this.#options.clock.after(HELD_INTERVAL_MS, () => this.#repeatHeld())
  }

  #stopHeld(): void {
    this.#cancelHeld?.()
    this.#cancelHeld = undefined
  }

  #flushSoon(): void {
    const waitedMs = this.#options.clock.nowMs() - this.#lastFlushMs
    if (waitedMs >= MOTION_FLUSH_MS) this.flush()
    else this.#flushLater(MOTION_FLUSH_MS - waitedMs)
  }

  #flushLater(ms: number): void {
    this.#cancelFlush ??= this.#options.clock.after(ms, () => this.flush())
  }

  #send(event: InputEvent, atMs: number): boolean {
    const seq = (this.#seq + 1) >>> 0
    if (!this.#options.send(channelOf(event), encodeInput({ ...event, seq }))) return false
    this.#seq = seq
    this.#options.onSent?.(seq, atMs, event)
    return true
  }
}

/** The whole part that fits the wire (i16), and what is left. */
function split(value: number): [whole: number, rest: number] {
  const whole = Math.max(-32768, Math.min(32767, Math.trunc(value)))
  // `+ 0` turns -0 into 0.
  return [whole + 0, value - whole]
}

function clamp01(value: number): number {
  return Math.max(0, Math.min(1, value))
}
