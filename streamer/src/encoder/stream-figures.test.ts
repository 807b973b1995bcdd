// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NativeStats } from '../native.ts'
import { addSample, figuresOf, openWindow } from './stream-figures.ts'

function sample(changes: Partial<NativeStats> = {}): NativeStats {
  return {
    framesCaptured: 200,
    framesEncoded: 100,
    bytesEncoded: 1_000_000,
    encodeMsP50: 3,
    encodeMsP99: 5,
    captureToSendMsP50: 4,
    captureToSendMsP99: 7,
    drops: { capture: 1, queue: 2, encoder: 3, send: 4 },
    keyFrames: { start: 1, join: 0, pli: 2, drop: 0, request: 0, unasked: 0 },
    largestFrameBytes: 0,
    audioPackets: 50,
    inputEvents: 6,
    inputRejected: 0,
    ages: { captured: 1, encoded: 2, sent: 3 },
    eventsDropped: 0,
    ...changes,
  }
}

test('rates are over the window, counters are those of its last sample', () => {
  const window = [sample({ framesEncoded: 130 }), sample({ framesEncoded: 160, bytesEncoded: 1_750_000 })].reduce(
    addSample,
    openWindow(1_000, sample()),
  )
  const figures = figuresOf(window, { nowMs: 2_000, targetBitrateKbps: 6000 })
  assert.equal(figures.framesPerSecond, 60)
  assert.equal(figures.bitrateKbps, 6000)
  assert.equal(figures.targetBitrateKbps, 6000)
  assert.equal(figures.framesEncoded, 160)
  assert.deepEqual(figures.keyFrames, sample().keyFrames)
})

test('percentiles of the samples become one, and samples without frames do not count', () => {
  const none = sample({ encodeMsP50: 0, encodeMsP99: 0, captureToSendMsP50: 0, captureToSendMsP99: 0 })
  const window = [
    none,
    sample({ encodeMsP50: 2, encodeMsP99: 4 }),
    sample({ encodeMsP50: 6, encodeMsP99: 9 }),
    sample(),
  ].reduce(addSample, openWindow(0, sample()))
  const figures = figuresOf(window, { nowMs: 1_000, targetBitrateKbps: 1 })
  assert.equal(figures.encodeMsP50, 3)
  assert.equal(figures.encodeMsP99, 9)
})

test('a window without samples is all zeros', () => {
  const figures = figuresOf(openWindow(0, sample()), { nowMs: 0, targetBitrateKbps: 5 })
  assert.equal(figures.framesPerSecond, 0)
  assert.equal(figures.encodeMsP99, 0)
})
