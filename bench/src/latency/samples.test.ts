// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTapped, type TappedFrame } from '../support/tap.ts'
import type { PresentedFrame } from './page-reader.ts'
import { captureToRtpMs, glassToGlassMs, ingestMbps, inputToPhotonMs, stagesMs } from './samples.ts'

const T0 = 1_800_000_000_000

function aFrame(presentedMs: number, more: Partial<PresentedFrame> = {}): PresentedFrame {
  const rest = { receivedMs: undefined, processingMs: undefined, clock: undefined, input: undefined }
  return { presentedMs, composedMs: presentedMs - 5, rtpTimestamp: undefined, ...rest, ...more }
}

function aTapped(more: Partial<TappedFrame>): TappedFrame {
  const base = { direction: 'in' as const, rtpTimestamp: 9, peerPort: 5, payloadType: 96, firstMs: T0, lastMs: T0 }
  return { ...base, captureMs: undefined, packets: 1, bytes: 100, ...more }
}

/** The value that the frame clock shows at a moment. */
const clockOf = (ms: number): number => Math.floor(ms * 10) % 2 ** 40

test('a frame without a readable clock is no sample', () => {
  assert.deepEqual(glassToGlassMs([aFrame(T0 + 30, { clock: clockOf(T0) }), aFrame(T0 + 50)]), [30])
})

test('each key is paired with the first frame that counts it', () => {
  const frames = [7, 7, 8, 8, 10].map((presses, i) => aFrame(T0 + i * 20, { input: presses + 30 * 2 ** 24 }))
  assert.deepEqual(inputToPhotonMs([T0 + 5, T0 + 60, T0 + 70], frames), [35, 20, 10])
})

test('a key that no frame shows is no sample', () => {
  assert.deepEqual(inputToPhotonMs([T0], [aFrame(T0 + 10, { input: 7 })]), [])
  assert.deepEqual(inputToPhotonMs([T0], []), [])
})

test('the stages of a frame add up to its glass-to-glass time', () => {
  const frames = [aFrame(T0 + 30, { clock: clockOf(T0), composedMs: T0 + 22, rtpTimestamp: 9 })]
  const tapped = [
    aTapped({ captureMs: T0 + 8, lastMs: T0 + 14 }),
    aTapped({ direction: 'out', payloadType: 101, lastMs: T0 + 15 }),
  ]
  const stages = stagesMs(frames, tapped, 96)
  assert.deepEqual(Object.values(stages), [[8], [6], [1], [7], [8]])
  assert.deepEqual(captureToRtpMs(tapped, 96), [6])
})

test('a rate counts payload bytes of video within its window and no tags', () => {
  const tapped = [
    aTapped({ bytes: 10_010, lastMs: T0 + 1 }),
    aTapped({ bytes: 10_010, lastMs: T0 + 100 }),
    aTapped({ payloadType: 111, bytes: 500 }),
  ]
  assert.equal(ingestMbps(tapped, 96, { fromMs: T0, lengthMs: 100 }), 0.8)
})

test('a line of the tap reads as a frame, another line as none', () => {
  const frame = parseTapped('in 9 4000 96 1800000000000500000 1800000000001000000 0 3 900')
  assert.deepEqual(frame, aTapped({ peerPort: 4000, firstMs: T0 + 0.5, lastMs: T0 + 1, packets: 3, bytes: 900 }))
  assert.equal(parseTapped('ready'), undefined)
})
