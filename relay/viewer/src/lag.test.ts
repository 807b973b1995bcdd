// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAG_LIMITS, lagCause, type LagCause, type LagFigures } from './lag.ts'

/** A second in which all is well. */
function second(changes: Partial<LagFigures> = {}): LagFigures {
  return {
    hidden: false,
    fps: 60,
    sentFps: 60,
    lossPercent: 0,
    rttMs: 8,
    jitterMs: 1,
    jitterBufferMs: 2,
    decodeMs: 2,
    droppedFps: 0,
    encodeMsP50: 4,
    encoderDropsFps: 0,
    targetBitrateKbps: 6_000,
    inputBacklogBytes: 0,
    ...changes,
  }
}

function causeOf(changes: Partial<LagFigures>): LagCause {
  const bad = second(changes)
  return lagCause([...Array.from({ length: 10 }, () => second()), bad, bad, bad]).cause
}

test('a smooth stream has no cause of lag', () => {
  assert.equal(causeOf({}), 'none')
})

test('each cause is told from its figure', () => {
  assert.equal(causeOf({ lossPercent: 2 }), 'loss')
  assert.equal(causeOf({ rttMs: 120 }), 'rtt')
  assert.equal(causeOf({ jitterMs: 20 }), 'jitter')
  assert.equal(causeOf({ jitterBufferMs: 35 }), 'jitter')
  assert.equal(causeOf({ decodeMs: 16 }), 'decoder')
  assert.equal(causeOf({ droppedFps: 8, fps: 52 }), 'decoder')
  assert.equal(causeOf({ encodeMsP50: 18, sentFps: 55 }), 'encoder')
  assert.equal(causeOf({ encoderDropsFps: 10, sentFps: 50 }), 'encoder')
  assert.equal(causeOf({ sentFps: 31, fps: 31 }), 'game')
  assert.equal(causeOf({ targetBitrateKbps: 2_000 }), 'bitrate')
  assert.equal(causeOf({ inputBacklogBytes: 8_000 }), 'input')
  assert.equal(causeOf({ hidden: true, fps: 1 }), 'background')
})

test('a lossy network is named even though it also fills the buffer and lowers the bitrate', () => {
  assert.equal(causeOf({ lossPercent: 5, jitterBufferMs: 60, targetBitrateKbps: 1_500, droppedFps: 10 }), 'loss')
})

test('a slow decoder is named before the buffer that it fills', () => {
  assert.equal(causeOf({ decodeMs: 25, jitterBufferMs: 60 }), 'decoder')
})

test('one bad second alone is no cause', () => {
  const history = [...Array.from({ length: 5 }, () => second()), second({ lossPercent: 30 })]
  assert.equal(lagCause(history).cause, 'none')
})

test('limits themselves count as bad, just below them does not', () => {
  assert.equal(causeOf({ rttMs: LAG_LIMITS.rttMs }), 'rtt')
  assert.equal(causeOf({ rttMs: LAG_LIMITS.rttMs - 0.1 }), 'none')
  assert.equal(causeOf({ jitterMs: LAG_LIMITS.jitterMs }), 'jitter')
  assert.equal(causeOf({ lossPercent: LAG_LIMITS.lossPercent - 0.01 }), 'none')
})

test('a game that always ran at 30 frames a second is not slow', () => {
  const history = Array.from({ length: 20 }, () => second({ fps: 30, sentFps: 30 }))
  assert.equal(lagCause(history).cause, 'none')
})

test('coming back from the background, hidden seconds are not judged', () => {
  const history = [...Array.from({ length: 9 }, () => second({ hidden: true, fps: 1, droppedFps: 40 })), second()]
  assert.equal(lagCause(history).cause, 'none')
})

test('a browser that tells little is not blamed for it', () => {
  const unknown = second({
    lossPercent: undefined,
    rttMs: undefined,
    jitterMs: undefined,
    jitterBufferMs: undefined,
    decodeMs: undefined,
    droppedFps: undefined,
    encodeMsP50: undefined,
    encoderDropsFps: undefined,
    targetBitrateKbps: undefined,
    sentFps: undefined,
  })
  assert.equal(lagCause([unknown, unknown, unknown]).cause, 'none')
})

test('without figures there is nothing to say yet', () => {
  assert.equal(lagCause([]).cause, 'unknown')
  assert.equal(lagCause([second({ fps: undefined })]).cause, 'unknown')
})

test('the words carry the figure that decided', () => {
  const bad = second({ lossPercent: 3.24 })
  assert.match(lagCause([bad, bad, bad]).text, /3\.2 %/)
})
