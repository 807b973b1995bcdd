// SPDX-License-Identifier: Apache-2.0
// The life of the page's connection to its relay as one pure function: state and event in, next state and effect out.
// A connection is never given up by itself: only a final refusal or the end of the room stops the dialling.

/** A refusal in the relay's own words (`error` of `WS /signal`). */
export interface Refusal {
  code: string
  message: string
  hint: string
}

/** Where the connection stands. `attempt` counts dials since it was last stable. */
export type Connection =
  /** The socket is being opened, or `hello` waits for its `welcome`. */
  | { kind: 'dialing'; attempt: number; resume: boolean; refusal?: Refusal }
  /** Welcomed. */
  | { kind: 'joined'; attempt: number; sinceMs: number }
  /** The next dial is at `untilMs`. */
  | { kind: 'waiting'; attempt: number; untilMs: number; refusal?: Refusal }
  /** The relay will not have us; only the user can change that. */
  | { kind: 'refused'; refusal: Refusal }
  /** The room ended for good. */
  | { kind: 'finished' }

export type ConnectionEvent =
  | { type: 'welcome'; nowMs: number }
  | { type: 'error'; refusal: Refusal; final: boolean }
  | { type: 'ended' }
  /** The socket closed or could not be opened. `jitter` 0..1 spreads the viewers of a relay that restarts. */
  | { type: 'closed'; nowMs: number; jitter: number; canResume: boolean }
  /** The wait is over, the network came back, or the user asked. */
  | { type: 'dial'; canResume: boolean }

/** What the caller does: `dial` opens a socket, `forget` drops the resume token first, `wait` sets a timer. */
export type ConnectionEffect = 'none' | 'dial' | 'forget-and-dial' | 'wait' | 'close'

export interface Step {
  next: Connection
  effect: ConnectionEffect
}

/** Pauses before the dials that follow a loss; the last one repeats. */
export const BACKOFF_MS: readonly number[] = [0, 250, 500, 1000, 2000, 4000, 5000]
/** A connection that lasted as long starts the pauses anew; a shorter one counts as a failed dial. */
export const STABLE_MS = 3_000
/** A full room or relay is not asked more often. */
export const BUSY_WAIT_MS = 5_000
const BUSY_CODES: readonly string[] = ['ERR_ROOM_FULL', 'ERR_RELAY_FULL', 'ERR_RATE']
/** Share of a pause that is left to chance. */
const JITTER = 0.2

/** The first dial of a page. */
export function firstDial(canResume: boolean): Connection {
  return { kind: 'dialing', attempt: 0, resume: canResume }
}

/** Pause before dial number `attempt` (1 = the first after a loss), in milliseconds. */
export function backoffMs(attempt: number, jitter: number): number {
  const base = BACKOFF_MS[Math.min(Math.max(attempt - 1, 0), BACKOFF_MS.length - 1)] ?? 0
  return base * (1 - JITTER / 2 + JITTER * jitter)
}

/** Next state of a connection. Events that do not fit a state leave it as it is. */
export function nextConnection(state: Connection, event: ConnectionEvent): Step {
  switch (event.type) {
    case 'welcome':
      if (state.kind !== 'dialing') return stay(state)
      return { next: { kind: 'joined', attempt: state.attempt, sinceMs: event.nowMs }, effect: 'none' }
    case 'error':
      return refused(state, event)
    case 'ended':
      return state.kind === 'refused' ? stay(state) : { next: { kind: 'finished' }, effect: 'close' }
    case 'closed':
      return lost(state, event)
    case 'dial':
      if (state.kind === 'dialing' || state.kind === 'joined') return stay(state)
      return {
        next: { kind: 'dialing', attempt: state.kind === 'waiting' ? state.attempt : 0, resume: event.canResume },
        effect: 'dial',
      }
  }
}

function refused(state: Connection, event: Extract<ConnectionEvent, { type: 'error' }>): Step {
  if (state.kind !== 'dialing' && state.kind !== 'joined') return stay(state)
  if (event.refusal.code === 'ERR_ROOM_CLOSED') return { next: { kind: 'finished' }, effect: 'close' }
  if (!event.final) {
    // A refused request of a joined viewer (a seat, say) is no reason to leave; a refused hello explains the close.
    return state.kind === 'dialing' ? { next: { ...state, refusal: event.refusal }, effect: 'none' } : stay(state)
  }
  if (state.kind === 'dialing' && state.resume && event.refusal.code.startsWith('ERR_TOKEN')) {
    // The resume token may be older than the link: the link alone gets one more chance.
    return { next: { kind: 'dialing', attempt: state.attempt, resume: false }, effect: 'forget-and-dial' }
  }
  return { next: { kind: 'refused', refusal: event.refusal }, effect: 'close' }
}

function lost(state: Connection, event: Extract<ConnectionEvent, { type: 'closed' }>): Step {
  if (state.kind !== 'dialing' && state.kind !== 'joined') return stay(state)
  const stable = state.kind === 'joined' && event.nowMs - state.sinceMs >= STABLE_MS
  const attempt = stable ? 1 : state.attempt + 1
  const refusal = state.kind === 'dialing' ? state.refusal : undefined
  const busy = refusal !== undefined && BUSY_CODES.includes(refusal.code)
  const pauseMs = Math.max(backoffMs(attempt, event.jitter), busy ? BUSY_WAIT_MS : 0)
  if (pauseMs === 0) return { next: { kind: 'dialing', attempt, resume: event.canResume }, effect: 'dial' }
  const because = refusal === undefined ? {} : { refusal }
  return { next: { kind: 'waiting', attempt, untilMs: event.nowMs + pauseMs, ...because }, effect: 'wait' }
}

function stay(next: Connection): Step {
  return { next, effect: 'none' }
}
