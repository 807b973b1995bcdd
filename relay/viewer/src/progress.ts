// SPDX-License-Identifier: Apache-2.0
// Notices that the picture stands still and when the relay should be asked for a new connection because of it. Pure: time
// comes in with each call.

/** A room sends frames even of a still picture; without one for so long the picture counts as frozen. */
export const FROZEN_MS = 2_000
/** Silence after which a new connection is asked for, growing with each one that did not help. */
export const RESTART_AFTER_MS: readonly number[] = [5_000, 10_000, 20_000, 40_000]

/** Watches the frames of one room. */
export class Progress {
  #lastFrameMs: number | undefined
  #decoded = 0
  #waitingSinceMs: number | undefined
  #restarts = 0

  /** A frame was presented. */
  frame(nowMs: number): void {
    this.#lastFrameMs = nowMs
    this.#waitingSinceMs = undefined
    this.#restarts = 0
  }

  /** The decoder's counter, which also counts in a hidden tab. */
  decoded(count: number, nowMs: number): void {
    if (count !== this.#decoded && count > 0 && this.#lastFrameMs !== undefined) this.frame(nowMs)
    this.#decoded = count
  }

  /** `none` before the first frame. */
  picture(nowMs: number): 'none' | 'frozen' | 'moving' {
    if (this.#lastFrameMs === undefined) return 'none'
    return nowMs - this.#lastFrameMs > FROZEN_MS ? 'frozen' : 'moving'
  }

  /** Time without a frame while frames were due, in milliseconds. */
  silenceMs(nowMs: number): number {
    return this.#waitingSinceMs === undefined ? 0 : nowMs - Math.max(this.#waitingSinceMs, this.#lastFrameMs ?? 0)
  }

  /** Whether to ask for a new connection now. `due` = room live and media connected, so frames should come. */
  shouldRestart(nowMs: number, due: boolean): boolean {
    if (!due) {
      this.#waitingSinceMs = undefined
      return false
    }
    this.#waitingSinceMs ??= nowMs
    const limitMs = RESTART_AFTER_MS[Math.min(this.#restarts, RESTART_AFTER_MS.length - 1)] ?? 0
    if (this.silenceMs(nowMs) < limitMs) return false
    this.#restarts += 1
    this.#waitingSinceMs = nowMs
    return true
  }

  /** The picture was removed. */
  reset(): void {
    this.#lastFrameMs = undefined
    this.#waitingSinceMs = undefined
    this.#decoded = 0
    this.#restarts = 0
  }
}
