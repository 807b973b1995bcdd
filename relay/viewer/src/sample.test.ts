// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresBetween, type Reading, readReport, RelayClock, type StatsEntry } from './sample.ts'

function report(changes: Record<string, unknown> = {}): StatsEntry[] {
  return [
    { id: 'old', type: 'inbound-rtp', kind: 'video', trackIdentifier: 'gone', framesDecoded: 9_999 },
    {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      trackIdentifier: 'track',
      transportId: 't',
      codecId: 'c',
      remoteId: 'r',
      frameWidth: 1280,
      frameHeight: 720,
      framesDecoded: 600,
      framesDropped: 2,
      keyFramesDecoded: 3,
      bytesReceived: 1_000_000,
      packetsReceived: 1_000,
      packetsLost: 10,
      jitter: 0.002,
      jitterBufferDelay: 1,
      jitterBufferEmittedCount: 600,
      totalDecodeTime: 1.2,
      ...changes,
    },
    { id: 'a', type: 'inbound-rtp', kind: 'audio', bytesReceived: 10_000, packetsReceived: 50, totalAudioEnergy: 0.5 },
    { id: 'c', type: 'codec', mimeType: 'video/H264' },
    { id: 't', type: 'transport', selectedCandidatePairId: 'p' },
    { id: 'p', type: 'candidate-pair', currentRoundTripTime: 0.012, localCandidateId: 'l' },
    { id: 'l', type: 'local-candidate', protocol: 'udp' },
    { id: 'r', type: 'remote-outbound-rtp', timestamp: 5_100, remoteTimestamp: 5_000 },
  ]
}

function read(entries: StatsEntry[], atMs: number): Reading {
  const reading = readReport(entries, { trackId: 'track', atMs })
  assert.ok(reading !== undefined)
  return reading
}

test('figures of a second are the differences of two readings', () => {
  const later = { framesDecoded: 660, bytesReceived: 1_500_000, packetsReceived: 1_490, packetsLost: 20 }
  const more = { jitterBufferDelay: 1.06, jitterBufferEmittedCount: 660, totalDecodeTime: 1.32, framesDropped: 5 }
  const figures = figuresBetween(read(report(), 1_000), read(report({ ...later, ...more }), 2_000))
  assert.equal(figures.fps, 60)
  assert.equal(figures.bitrateKbps, 4_000)
  assert.equal(figures.lossPercent, 2)
  assert.equal(figures.rttMs, 12)
  assert.equal(figures.jitterMs, 2)
  assert.equal(figures.jitterBufferMs?.toFixed(3), '1.000')
  assert.equal(figures.decodeMs?.toFixed(3), '2.000')
  assert.equal(figures.droppedFps, 3)
  assert.equal(figures.codec, 'H264')
  assert.equal(figures.protocol, 'udp')
  assert.equal(figures.audioEnergy, 0.5)
})

test('a report without the shown track is no reading', () => {
  assert.equal(readReport(report(), { trackId: 'other', atMs: 0 }), undefined)
  assert.equal(readReport([], { trackId: 'track', atMs: 0 }), undefined)
})

test('what a browser leaves out is unknown, not zero', () => {
  const bare = [{ id: 'v', type: 'inbound-rtp', kind: 'video', trackIdentifier: 'track' }]
  const figures = figuresBetween(read(bare, 0), read(bare, 1_000))
  for (const name of ['fps', 'rttMs', 'lossPercent', 'jitterMs', 'jitterBufferMs', 'decodeMs', 'codec'] as const) {
    assert.equal(figures[name], undefined, name)
  }
})

test('packets that turn up late do not make a negative loss', () => {
  const figures = figuresBetween(read(report(), 0), read(report({ packetsLost: 4, packetsReceived: 1_100 }), 1_000))
  assert.equal(figures.lossPercent, 0)
})

test('the clock of the relay is estimated from the report that was least delayed', () => {
  const clock = new RelayClock()
  assert.equal(clock.aheadMs, undefined)
  for (const [remoteTimestamp, timestamp] of [
    [5_000, 5_109],
    [6_000, 6_106],
    [7_000, 7_130],
  ]) {
    const entries = report().map((entry) => (entry['id'] === 'r' ? { ...entry, remoteTimestamp, timestamp } : entry))
    clock.add(read(entries, 0), 0)
  }
  assert.equal(clock.aheadMs, 100)
  assert.equal(clock.uncertaintyMs, 6)
})

test('clocks that differ by less than the way of a report count as equal', () => {
  const clock = new RelayClock()
  const entries = report().map((entry) => (entry['id'] === 'r' ? { ...entry, timestamp: 5_002 } : entry))
  clock.add(read(entries, 0), 0)
  assert.equal(clock.aheadMs, 0)
})
