// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideBitrate, startBitrate } from './bitrate-control.ts'
import type { BitrateDecision, BitrateState, LinkSample } from './bitrate-control.ts'

const RANGE = { minKbps: 800, startKbps: 6_000, maxKbps: 8_000 }
const HALF_SECOND = 500
const GOOD: LinkSample = {
  atMs: 0,
  estimateKbps: 9_600,
  lossFraction: 0,
  recentLossFraction: 0,
  lossSinceMs: 0,
  rttMs: 20,
  sentKbps: 6_000,
}

/** A connection that has been there for a while and was just changed. */
const WARM: BitrateState = {
  ...startBitrate(RANGE.startKbps, -8_000),
  changedAtMs: 0,
  peak: { windowStartMs: 0, currentKbps: GOOD.estimateKbps ?? 0, previousKbps: 0 },
}

/** Feeds one sample per half second; each change is added to the last sample. */
function run(
  samples: readonly Partial<LinkSample>[],
  state: BitrateState = WARM,
): { state: BitrateState; decisions: (BitrateDecision & { atMs: number })[] } {
  const decisions: (BitrateDecision & { atMs: number })[] = []
  let sample: LinkSample = { ...GOOD, atMs: Math.max(0, state.changedAtMs) }
  let current = state
  for (const change of samples) {
    sample = { ...sample, atMs: sample.atMs + HALF_SECOND, lossFraction: 0, sentKbps: current.targetKbps, ...change }
    const { state: next, decision } = decideBitrate(current, sample, RANGE)
    current = next
    if (decision !== undefined) decisions.push({ ...decision, atMs: sample.atMs })
  }
  return { state: current, decisions }
}

const quiet = (seconds: number): Partial<LinkSample>[] => Array.from({ length: 2 * seconds }, () => ({}))

test('a good link is climbed five percent a second up to the maximum and no further', () => {
  const { state, decisions } = run(quiet(20))
  assert.equal(state.targetKbps, RANGE.maxKbps)
  assert.deepEqual(decisions.map(({ targetKbps }) => targetKbps).slice(0, 3), [6_300, 6_615, 6_946])
  assert.ok(decisions.every(({ atMs }, i) => i === 0 || atMs - (decisions[i - 1]?.atMs ?? 0) >= 1_000))
  assert.equal(decisions.length, 6)
})

test('a quiet scene, whose estimate falls with what is sent, lowers nothing', () => {
  const { decisions, state } = run([...quiet(12), { estimateKbps: 400 }, ...quiet(10)])
  assert.equal(state.targetKbps, RANGE.maxKbps)
  assert.ok(decisions.every(({ reason }) => reason === 'climb'))
})

test('heavy loss cuts below the estimate at once, so that the queue drains', () => {
  const { decisions } = run([{}, { lossFraction: 0.7, estimateKbps: 2_000 }])
  assert.deepEqual(decisions, [{ targetKbps: 1_600, reason: 'loss', atMs: 1_000 }])
})

test('an estimate that drops after it has declined slowly counts as falling', () => {
  const slowly = Array.from({ length: 9 }, (_, i) => ({ estimateKbps: 5_900 - i, sentKbps: 6_000 }))
  const { decisions } = run([...slowly, { recentLossFraction: 0.4, estimateKbps: 300, sentKbps: 5_000 }])
  assert.equal(decisions.at(-1)?.reason, 'loss')
  assert.ok((decisions.at(-1)?.targetKbps ?? 0) < 2_000)
})

test('an estimate that fell too far is not believed below what got through', () => {
  const { decisions } = run([{ lossFraction: 0.5, estimateKbps: 300 }])
  assert.equal(decisions[0]?.targetKbps, 1_500)
  const deeper = run([{ lossFraction: 0.4, estimateKbps: 300 }])
  assert.equal(deeper.decisions[0]?.targetKbps, 1_728)
})

test('an estimate that is still falling at the cut is followed for a moment', () => {
  const { decisions } = run([
    { recentLossFraction: 0.2, estimateKbps: 4_200 },
    { recentLossFraction: 0.3, estimateKbps: 2_300 },
    { recentLossFraction: 0.4, estimateKbps: 900 },
  ])
  assert.deepEqual(
    decisions.map(({ targetKbps }) => targetKbps),
    [3_360, 2_520],
  )
})

test('loss of packets from before a cut does not cut again', () => {
  const { state } = run([{ lossFraction: 0.7, estimateKbps: 2_000 }])
  const late = { lossFraction: 0.9, recentLossFraction: 0.9, lossSinceMs: state.cutAtMs + 900 }
  assert.deepEqual(run([{ estimateKbps: 2_000 }, late, late, late, late], state).decisions, [])
})

test('loss that goes on after a cut cuts again, by what was really lost', () => {
  const { state } = run([{ lossFraction: 0.7, estimateKbps: 4_000 }])
  assert.equal(state.targetKbps, 3_200)
  const after = { lossFraction: 0.3, estimateKbps: 900, lossSinceMs: state.cutAtMs + 1_001, sentKbps: 3_200 }
  const { decisions } = run([{ estimateKbps: 4_000 }, {}, after], state)
  assert.equal(decisions.at(-1)?.targetKbps, 2_352)
})

test('a growing delay with a falling estimate cuts before anything is lost', () => {
  const { decisions } = run([{}, { rttMs: 150, estimateKbps: 2_000 }])
  assert.deepEqual(decisions.at(-1), { targetKbps: 1_600, reason: 'delay', atMs: 1_000 })
})

test('a long round trip with an estimate that has been low for long is no full link', () => {
  const low = Array.from({ length: 10 }, () => ({ estimateKbps: 1_000 }))
  const { decisions } = run([...low, { rttMs: 90 }, { rttMs: 20 }])
  assert.ok(decisions.every(({ reason }) => reason === 'climb'))
})

test('one long round trip alone changes nothing, a second longer one does', () => {
  const low = { estimateKbps: 5_800 }
  const steady = { ...WARM, peak: { windowStartMs: 0, currentKbps: 5_800, previousKbps: 0 } }
  assert.deepEqual(run([low, { ...low, rttMs: 90 }], steady).decisions, [])
  const { decisions } = run([low, { rttMs: 90 }, { rttMs: 120 }], steady)
  assert.deepEqual(decisions, [{ targetKbps: 5_100, reason: 'delay', atMs: 1_500 }])
})

test('long round trips do not count while the estimate says that the way is free', () => {
  const { decisions } = run([{}, { rttMs: 90 }, { rttMs: 120 }, { rttMs: 200 }])
  assert.deepEqual(decisions, [])
})

test('a queue that drains is waited for, not cut again', () => {
  const full = run([{}, { rttMs: 300, estimateKbps: 2_000 }])
  const draining = run([{ rttMs: 250, estimateKbps: 2_000 }, { rttMs: 180 }, { rttMs: 90 }], full.state)
  assert.deepEqual(draining.decisions, [])
})

test('what a page misses while it starts is not held against its link', () => {
  const start = startBitrate(RANGE.startKbps, 0)
  const { decisions } = run(
    [{ lossFraction: 0.9, recentLossFraction: 0.9, lossSinceMs: 200, estimateKbps: 500 }],
    start,
  )
  assert.deepEqual(decisions, [])
})

test('light loss holds the target', () => {
  const { decisions } = run(Array.from({ length: 20 }, () => ({ recentLossFraction: 0.05 })))
  assert.deepEqual(decisions, [])
})

test('the target stays within the range however bad the link is', () => {
  const { state } = run(
    Array.from({ length: 40 }, (_, i) => ({ lossFraction: 0.9, lossSinceMs: i * HALF_SECOND, estimateKbps: 50 })),
  )
  assert.equal(state.targetKbps, RANGE.minKbps)
})

test('near the level at which the link was full the climb is slow, unless the estimate shows room', () => {
  const { state } = run([{ lossFraction: 0.7, estimateKbps: 2_000 }])
  const careful = run([{ estimateKbps: 2_000 }, ...quiet(5)], state).decisions.map(({ targetKbps }) => targetKbps)
  assert.deepEqual(careful.slice(0, 4), [1_680, 1_764, 1_791, 1_818])
  const open = run([{ estimateKbps: 4_000 }, ...quiet(5)], state).decisions.map(({ targetKbps }) => targetKbps)
  assert.deepEqual(open.slice(0, 4), [1_680, 1_764, 1_853, 1_946])
})

test('a link that was thin for a while is climbed back to the maximum', () => {
  const { state } = run([{ lossFraction: 0.7, estimateKbps: 2_000 }])
  const { state: after } = run([{ estimateKbps: 9_000 }, ...quiet(34)], state)
  assert.equal(after.targetKbps, RANGE.maxKbps)
})

test('a new base of the round-trip time is learnt after two windows', () => {
  const moved = Array.from({ length: 50 }, () => ({ rttMs: 100 }))
  const { decisions } = run([{}, ...moved, ...quiet(2)])
  assert.equal(decisions.at(-1)?.reason, 'climb')
})
