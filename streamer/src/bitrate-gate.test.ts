// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGate, passTarget } from './bitrate-gate.ts'
import type { BitrateGate, GateDecision } from './bitrate-gate.ts'

const RANGE = { minKbps: 500, maxKbps: 8000 }

function pass(gate: BitrateGate, targetKbps: number, nowMs: number, live: 'smooth' | 'key-frame' = 'smooth') {
  return passTarget(gate, { targetKbps, range: RANGE, live, nowMs })
}

function decide(targetKbps: number, nowMs: number, live: 'smooth' | 'key-frame' = 'smooth'): GateDecision {
  return pass(openGate(6000, 0), targetKbps, nowMs, live).decision
}

test('a target is passed on', () => {
  assert.deepEqual(decide(4000, 1000), { kind: 'set', bitrateKbps: 4000 })
})

test('a target outside the range is pulled into it', () => {
  assert.deepEqual(decide(100, 1000), { kind: 'set', bitrateKbps: 500 })
  assert.deepEqual(decide(50_000, 1000), { kind: 'set', bitrateKbps: 8000 })
})

test('less than 2 per cent of change is left out, unless it reaches an end of the range', () => {
  assert.deepEqual(decide(6100, 1000), { kind: 'none' })
  assert.deepEqual(pass(openGate(7900, 0), 8000, 1000).decision, { kind: 'set', bitrateKbps: 8000 })
  assert.deepEqual(decide(6000, 1000), { kind: 'none' })
})

test('a rise waits for its time, a cut does not', () => {
  assert.deepEqual(decide(7000, 40), { kind: 'wait', ms: 60 })
  assert.deepEqual(decide(3000, 0), { kind: 'set', bitrateKbps: 3000 })
})

test('an encoder that pays with key frames is changed rarely and only by much', () => {
  assert.deepEqual(decide(5500, 5000, 'key-frame'), { kind: 'none' })
  assert.deepEqual(decide(3000, 400, 'key-frame'), { kind: 'wait', ms: 600 })
  assert.deepEqual(decide(3000, 1000, 'key-frame'), { kind: 'set', bitrateKbps: 3000 })
})

test('time counts from the last change', () => {
  const { gate } = pass(openGate(6000, 0), 3000, 500)
  assert.deepEqual(pass(gate, 4000, 550).decision, { kind: 'wait', ms: 50 })
  assert.deepEqual(pass(gate, 4000, 600).decision, { kind: 'set', bitrateKbps: 4000 })
})
