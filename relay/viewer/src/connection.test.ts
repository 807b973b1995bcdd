// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BACKOFF_MS,
  backoffMs,
  BUSY_WAIT_MS,
  type Connection,
  type ConnectionEvent,
  firstDial,
  nextConnection,
  STABLE_MS,
} from './connection.ts'

const closed = (nowMs: number, canResume = true): ConnectionEvent => ({ type: 'closed', nowMs, jitter: 0.5, canResume })
const refusal = (code: string) => ({ code, message: 'no', hint: 'ask' })

/** Runs events through the machine and returns the last step. */
function run(state: Connection, ...events: ConnectionEvent[]): { state: Connection; effects: string[] } {
  const effects: string[] = []
  for (const event of events) {
    const step = nextConnection(state, event)
    state = step.next
    effects.push(step.effect)
  }
  return { state, effects }
}

test('a lost stable connection is dialled again at once, with the resume token', () => {
  const { state, effects } = run(firstDial(false), { type: 'welcome', nowMs: 0 }, closed(STABLE_MS))
  assert.deepEqual(state, { kind: 'dialing', attempt: 1, resume: true })
  assert.deepEqual(effects, ['none', 'dial'])
})

test('dials that fail wait longer and longer, but never give up', () => {
  let state: Connection = { kind: 'joined', attempt: 0, sinceMs: 0 }
  const pauses: number[] = []
  let nowMs = STABLE_MS
  for (let i = 0; i < 12; i += 1) {
    state = nextConnection(state, closed(nowMs)).next
    if (state.kind === 'waiting') {
      pauses.push(state.untilMs - nowMs)
      nowMs = state.untilMs
      state = nextConnection(state, { type: 'dial', canResume: true }).next
    } else {
      pauses.push(0)
    }
  }
  assert.deepEqual(pauses, [...BACKOFF_MS, 5000, 5000, 5000, 5000, 5000])
})

test('a connection that falls at once does not make a hot loop', () => {
  let state: Connection = firstDial(true)
  let immediate = 0
  for (let i = 0; i < 5; i += 1) {
    state = nextConnection(state, { type: 'welcome', nowMs: i }).next
    const step = nextConnection(state, closed(i + 1))
    if (step.effect === 'dial') immediate += 1
    state = nextConnection(step.next, { type: 'dial', canResume: true }).next
  }
  assert.equal(immediate, 1)
})

test('pauses are spread by at most a fifth', () => {
  assert.equal(backoffMs(1, 1), 0)
  assert.equal(backoffMs(4, 0), 900)
  assert.equal(backoffMs(4, 1), 1100)
})

test('a final refusal stops the dialling until the user asks', () => {
  const { state, effects } = run(firstDial(false), {
    type: 'error',
    refusal: refusal('ERR_TOKEN_EXPIRED'),
    final: true,
  })
  assert.equal(state.kind, 'refused')
  assert.deepEqual(effects, ['close'])
  assert.deepEqual(nextConnection(state, closed(1)), { next: state, effect: 'none' })
  assert.deepEqual(nextConnection(state, { type: 'dial', canResume: false }), {
    next: { kind: 'dialing', attempt: 0, resume: false },
    effect: 'dial',
  })
})

test('a resume token that is refused gives the link itself one more chance', () => {
  const error: ConnectionEvent = { type: 'error', refusal: refusal('ERR_TOKEN_GENERATION'), final: true }
  const first = nextConnection(firstDial(true), error)
  assert.deepEqual(first, { next: { kind: 'dialing', attempt: 0, resume: false }, effect: 'forget-and-dial' })
  assert.equal(nextConnection(first.next, error).next.kind, 'refused')
})

test('being superseded is final, also with a resume token', () => {
  const joined: Connection = { kind: 'joined', attempt: 0, sinceMs: 0 }
  const step = nextConnection(joined, { type: 'error', refusal: refusal('ERR_SUPERSEDED'), final: true })
  assert.equal(step.next.kind, 'refused')
})

test('a full room is asked again every five seconds, and the reason is kept to be shown', () => {
  const busy: ConnectionEvent = { type: 'error', refusal: refusal('ERR_ROOM_FULL'), final: false }
  const { state, effects } = run(firstDial(false), busy, closed(100))
  assert.deepEqual(effects, ['none', 'wait'])
  assert.deepEqual(state, {
    kind: 'waiting',
    attempt: 1,
    untilMs: 100 + BUSY_WAIT_MS,
    refusal: refusal('ERR_ROOM_FULL'),
  })
})

test('a draining relay is dialled again at once: another one answers', () => {
  const draining: ConnectionEvent = { type: 'error', refusal: refusal('ERR_DRAINING'), final: false }
  assert.deepEqual(run(firstDial(false), draining, closed(100)).effects, ['none', 'dial'])
})

test('a refused request of a joined viewer does not end the connection', () => {
  const joined: Connection = { kind: 'joined', attempt: 0, sinceMs: 0 }
  const step = nextConnection(joined, { type: 'error', refusal: refusal('ERR_SEAT'), final: false })
  assert.deepEqual(step, { next: joined, effect: 'none' })
})

test('the end of the room ends the connection, by its state or by its code', () => {
  const joined: Connection = { kind: 'joined', attempt: 0, sinceMs: 0 }
  assert.deepEqual(nextConnection(joined, { type: 'ended' }), { next: { kind: 'finished' }, effect: 'close' })
  const error: ConnectionEvent = { type: 'error', refusal: refusal('ERR_ROOM_CLOSED'), final: true }
  assert.equal(nextConnection(firstDial(true), error).next.kind, 'finished')
})

test('the network coming back cuts a pause short', () => {
  const waiting: Connection = { kind: 'waiting', attempt: 6, untilMs: 9_000 }
  const step = nextConnection(waiting, { type: 'dial', canResume: true })
  assert.deepEqual(step, { next: { kind: 'dialing', attempt: 6, resume: true }, effect: 'dial' })
})

test('asking to dial while dialling or joined changes nothing', () => {
  for (const state of [firstDial(true), { kind: 'joined', attempt: 0, sinceMs: 0 } as const]) {
    assert.deepEqual(nextConnection(state, { type: 'dial', canResume: true }), { next: state, effect: 'none' })
  }
})
