// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextFault, nextStall, startOfStalls } from './stall-ladder.ts'
import type { FaultState, StallAction, StallSample } from './stall-ladder.ts'

const STEP_MS = 250

/** Steps a virtual clock in 250 ms from `fromMs` to `toMs` and lists what was done when. */
function run(
  sampleAt: (nowMs: number) => Omit<StallSample, 'nowMs'>,
  {
    toMs,
    state = startOfStalls(0),
    fromMs = 0,
  }: { toMs: number; state?: ReturnType<typeof startOfStalls>; fromMs?: number },
): { log: [number, StallAction][]; state: ReturnType<typeof startOfStalls> } {
  const log: [number, StallAction][] = []
  let current = state
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += STEP_MS) {
    const next = nextStall(current, { nowMs, ...sampleAt(nowMs) })
    current = next.state
    log.push(...next.actions.map((action): [number, StallAction] => [nowMs, action]))
  }
  return { log, state: current }
}

function short(log: readonly [number, StallAction][]): string[] {
  return log.map(([at, action]) => `${at} ${action.kind}${'stage' in action ? ` ${action.stage}` : ''}`)
}

const FLOWING = { captured: 8, encoded: 10, sent: 11 }

test('flowing frames need nothing', () => {
  assert.deepEqual(run(() => ({ ages: FLOWING, connected: true }), { toMs: 60_000 }).log, [])
})

test('an encoder that stops climbs 2.5, 5, 8, 12, 16 and 20 s and then gives up', () => {
  const { log } = run((nowMs) => ({ ages: { captured: 8, encoded: nowMs, sent: nowMs }, connected: true }), {
    toMs: 30_000,
  })
  assert.deepEqual(short(log), [
    '2500 report encoder',
    '2500 key-frame',
    '5000 report encoder',
    '5000 key-frame',
    '8000 report encoder',
    '8000 restart-encoder',
    '12000 report encoder',
    '12000 restart-encoder',
    '16000 report encoder',
    '16000 restart-encoder',
    '20000 report encoder',
    '20000 fatal encoder',
  ])
})

test('a source that stands still is named and not cured by restarting the encoder', () => {
  const { log } = run((nowMs) => ({ ages: { captured: nowMs, encoded: nowMs, sent: nowMs }, connected: true }), {
    toMs: 20_000,
  })
  assert.ok(log.every(([, action]) => action.kind === 'report' || action.kind === 'fatal'))
  assert.ok(short(log).includes('2500 report source'))
  assert.ok(short(log).includes('20000 fatal source'))
})

test('packets that are not sent count only while there is a connection', () => {
  const ages = { captured: 8, encoded: 10, sent: -1 }
  assert.deepEqual(run(() => ({ ages, connected: false }), { toMs: 60_000 }).log, [])
  const { log } = run((nowMs) => ({ ages, connected: nowMs >= 10_000 }), { toMs: 13_000 })
  assert.deepEqual(short(log), ['12250 report packets', '12250 key-frame'])
})

test('an encoder that waits for a connection after its first frame is no stall', () => {
  const { log } = run((nowMs) => ({ ages: { captured: 8, encoded: nowMs, sent: -1 }, connected: false }), {
    toMs: 60_000,
  })
  assert.deepEqual(log, [])
})

test('an encoder that gives no first frame is a stall even without a connection', () => {
  const { log } = run(() => ({ ages: { captured: 8, encoded: -1, sent: -1 }, connected: false }), { toMs: 3_000 })
  assert.deepEqual(short(log), ['2500 report encoder', '2500 key-frame'])
})

test('a session without any frame is given its time from the start', () => {
  const { log } = run(() => ({ ages: { captured: -1, encoded: -1, sent: -1 }, connected: false }), {
    state: startOfStalls(0),
    toMs: 2_500,
  })
  assert.deepEqual(short(log), ['2500 report source'])
})

test('counters that start again after an encoder restart are no stall of an hour', () => {
  const hour = 3_600_000
  const { state } = run(() => ({ ages: FLOWING, connected: true }), {
    state: startOfStalls(hour),
    fromMs: hour,
    toMs: hour + 5_000,
  })
  const { log } = run(() => ({ ages: { captured: 8, encoded: -1, sent: -1 }, connected: false }), {
    state,
    fromMs: hour + 5_250,
    toMs: hour + 7_000,
  })
  assert.deepEqual(log, [])
})

test('recovery is told once and the ladder starts from its foot again', () => {
  const stalled = run((nowMs) => ({ ages: { captured: 8, encoded: nowMs, sent: nowMs }, connected: true }), {
    toMs: 6_000,
  })
  const flowing = run(() => ({ ages: FLOWING, connected: true }), { state: stalled.state, fromMs: 6_250, toMs: 8_000 })
  assert.deepEqual(short(flowing.log), ['6250 recovered'])
  const again = run(
    (nowMs) => ({ ages: { captured: 8, encoded: nowMs - 8_000, sent: nowMs - 8_000 }, connected: true }),
    {
      state: flowing.state,
      fromMs: 8_250,
      toMs: 11_000,
    },
  )
  assert.deepEqual(short(again.log), ['10500 report encoder', '10500 key-frame'])
})

test('an error of the encoder restarts it at once, and is fatal when that does not help', () => {
  let state: FaultState = []
  const actions = [0, 1_000, 2_000, 3_000].map((nowMs) => {
    const next = nextFault(state, { part: 'encoder', nowMs })
    state = next.state
    return next.action
  })
  assert.deepEqual(actions, ['restart-encoder', 'restart-encoder', 'restart-encoder', 'fatal'])
  assert.equal(nextFault(state, { part: 'encoder', nowMs: 60_000 }).action, 'restart-encoder')
})

test('an error of the producer is fatal, one of the sound is only told', () => {
  assert.equal(nextFault([], { part: 'producer', nowMs: 0 }).action, 'fatal')
  assert.equal(nextFault([], { part: 'audio', nowMs: 0 }).action, 'report')
})
