// SPDX-License-Identifier: Apache-2.0
// Time and waiting as values, so that what depends on them can be tested without waiting.

/** A source of time and timers. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  monotonicMs: () => number
  /** Wall clock, Unix milliseconds. */
  unixMs: () => number
}

/** The machine's clocks. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
}

export interface Backoff {
  /** Wait before the first repetition, in ms. */
  baseMs: number
  /** Longest wait, in ms. */
  maxMs: number
}

/**
 * Wait before repetition `attempt` (0 = the first), in ms: doubles from `baseMs` to `maxMs`, spread over the upper half
 * so that many programs that failed together do not come back together.
 * @param random a number in [0, 1)
 */
export function backoffMs(attempt: number, { baseMs, maxMs }: Backoff, random: number = Math.random()): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(full / 2 + (full / 2) * random)
}

/** Waits `ms`; returns early, without an error, when `signal` aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * The result of `promise`, or DeadlineError after `ms`. The promise itself goes on; give it a signal to end it.
 * @param what names the thing waited for, for the message
 */
export async function withDeadline<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`${what} took longer than ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Asks `condition` until it returns something other than undefined or false.
 * @throws {DeadlineError} after `deadlineMs`
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  {
    what,
    deadlineMs,
    everyMs = 50,
    signal,
  }: { what: string; deadlineMs: number; everyMs?: number; signal?: AbortSignal },
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>
    signal?.throwIfAborted()
    if (performance.now() >= end) throw new DeadlineError(`${what} did not happen within ${deadlineMs} ms`)
    await pause(everyMs, signal)
  }
}
