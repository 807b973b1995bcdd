// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { glassToGlassMs, LatencyJoin, percentile, rtpDistanceMs } from './latency.ts'

const NTP_MS = 2_208_988_800_000
const CLOCKS = { unixOffsetMs: 1_700_000_000_000 }
const unix = (localMs: number): number => CLOCKS.unixOffsetMs + localMs + NTP_MS

test('distances of RTP timestamps survive the wrap-around', () => {
  assert.equal(rtpDistanceMs(90_000, 0), 1000)
  assert.equal(rtpDistanceMs(10, 0xffff_ffff - 79), 1)
  assert.equal(rtpDistanceMs(0xffff_ffff - 79, 10), -1)
})

test('glass to glass is the time from the capture of a frame to its presentation', () => {
  const capture = { rtpTimestamp: 9_000, captureTimestamp: unix(500) }
  assert.equal(glassToGlassMs({ rtpTimestamp: 9_000, presentedAtMs: 525 }, capture, CLOCKS), 25)
})

test('the capture time of a neighbour is moved by the distance of the timestamps', () => {
  const capture = { rtpTimestamp: 9_000, captureTimestamp: unix(500) }
  assert.equal(glassToGlassMs({ rtpTimestamp: 9_000 - 1_500, presentedAtMs: 520 }, capture, CLOCKS)?.toFixed(1), '36.7')
})

test('clocks of other machines are brought to the local one', () => {
  // The capturing machine is 40 ms ahead of the relay, and this one is 1000 ms ahead of the relay.
  const capture = { rtpTimestamp: 0, captureTimestamp: unix(500) - 1000 + 40, senderCaptureTimeOffset: 40 }
  assert.equal(glassToGlassMs({ rtpTimestamp: 0, presentedAtMs: 530 }, capture, { ...CLOCKS, relayOffsetMs: 1000 }), 30)
})

test('a capture time of another stream and impossible results are no latency', () => {
  const capture = { rtpTimestamp: 900_000, captureTimestamp: unix(500) }
  assert.equal(glassToGlassMs({ rtpTimestamp: 0, presentedAtMs: 520 }, capture, CLOCKS), undefined)
  const ahead = { rtpTimestamp: 0, captureTimestamp: unix(600) }
  assert.equal(glassToGlassMs({ rtpTimestamp: 0, presentedAtMs: 520 }, ahead, CLOCKS), undefined)
})

test('an echo that comes before its frame waits for it', () => {
  const join = new LatencyJoin()
  join.addInput(7, 100)
  assert.equal(join.addEcho({ rtpTimestamp: 3_000, seq: 7 }, 120), undefined)
  assert.deepEqual(join.addFrame({ rtpTimestamp: 1_500, presentedAtMs: 130 }, CLOCKS).photons, [])
  assert.deepEqual(join.addFrame({ rtpTimestamp: 3_000, presentedAtMs: 146 }, CLOCKS).photons, [
    { seq: 7, rtpTimestamp: 3_000, inputToPhotonMs: 46 },
  ])
  assert.equal(join.photons.length, 1)
})

test('an echo that comes after its frame finds it', () => {
  const join = new LatencyJoin()
  join.addInput(7, 100)
  join.addFrame({ rtpTimestamp: 1_500, presentedAtMs: 120 }, CLOCKS)
  join.addFrame({ rtpTimestamp: 3_000, presentedAtMs: 136 }, CLOCKS)
  join.addFrame({ rtpTimestamp: 4_500, presentedAtMs: 153 }, CLOCKS)
  assert.equal(join.addEcho({ rtpTimestamp: 3_000, seq: 7 }, 160)?.inputToPhotonMs, 36)
})

test('where the frame was dropped the next one that is shown counts', () => {
  const join = new LatencyJoin()
  join.addInput(7, 100)
  join.addEcho({ rtpTimestamp: 3_000, seq: 7 }, 120)
  assert.equal(join.addFrame({ rtpTimestamp: 4_500, presentedAtMs: 150 }, CLOCKS).photons[0]?.inputToPhotonMs, 50)
})

test('echoes of inputs that this page did not send are ignored, and each input counts once', () => {
  const join = new LatencyJoin()
  join.addFrame({ rtpTimestamp: 3_000, presentedAtMs: 150 }, CLOCKS)
  assert.equal(join.addEcho({ rtpTimestamp: 3_000, seq: 9 }, 120), undefined)
  join.addInput(9, 100)
  assert.ok(join.addEcho({ rtpTimestamp: 3_000, seq: 9 }, 120) !== undefined)
  assert.equal(join.addEcho({ rtpTimestamp: 3_000, seq: 9 }, 121), undefined)
})

test('a replaced stream forgets timestamps but keeps results', () => {
  const join = new LatencyJoin()
  join.addInput(1, 100)
  join.addCapture({ rtpTimestamp: 3_000, captureTimestamp: unix(110) })
  join.addFrame({ rtpTimestamp: 3_000, presentedAtMs: 130 }, CLOCKS)
  assert.equal(join.glass[0], 20)
  join.restart()
  assert.equal(join.addEcho({ rtpTimestamp: 3_000, seq: 1 }, 140), undefined)
  assert.equal(join.addFrame({ rtpTimestamp: 5_000, presentedAtMs: 150 }, CLOCKS).glassMs, undefined)
  assert.deepEqual([...join.glass], [20])
})

test('an encoder that starts anew on the same track does not mix up the timestamps', () => {
  const join = new LatencyJoin()
  join.addFrame({ rtpTimestamp: 3_000_000, presentedAtMs: 100 }, CLOCKS)
  join.addFrame({ rtpTimestamp: 50, presentedAtMs: 900 }, CLOCKS)
  join.addInput(1, 910)
  assert.equal(join.addEcho({ rtpTimestamp: 1_550, seq: 1 }, 920), undefined)
  const { photons } = join.addFrame({ rtpTimestamp: 1_550, presentedAtMs: 940 }, CLOCKS)
  assert.equal(photons[0]?.inputToPhotonMs, 30)
})

test('memory is bounded however long a game lasts', () => {
  const join = new LatencyJoin()
  for (let i = 0; i < 5_000; i += 1) {
    join.addInput(i, i)
    join.addEcho({ rtpTimestamp: i * 1_500, seq: i }, i)
    join.addCapture({ rtpTimestamp: i * 1_500, captureTimestamp: unix(i) })
    join.addFrame({ rtpTimestamp: i * 1_500, presentedAtMs: i + 20 }, CLOCKS)
  }
  assert.equal(join.glass.length, 600)
  assert.equal(join.photons.length, 600)
})

test('percentiles of nothing are unknown', () => {
  assert.equal(percentile([], 0.5), undefined)
  assert.equal(percentile([3, 1, 2], 0.5), 2)
  assert.equal(percentile([3, 1, 2], 0.95), 3)
})
