// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureLink, NO_HISTORY } from './link-meter.ts'
import type { LinkHistory, LinkMeasure } from './link-meter.ts'

type Row = readonly [atMs: number, sent: number, lost: number]

function feed(rows: readonly Row[], rttMs = 0): LinkMeasure[] {
  let history: LinkHistory = NO_HISTORY
  return rows.map(([atMs, packetsSent, packetsLost]) => {
    const next = measureLink(history, { atMs, packetsSent, packetsLost, bytesSent: packetsSent * 1_000 }, rttMs)
    history = next.history
    return next.measure
  })
}

test('loss is what a report adds, of what was sent while it was made', () => {
  const measures = feed([
    [0, 0, 0],
    [500, 100, 0],
    [1_000, 200, 40],
    [1_500, 300, 40],
    [2_000, 400, 50],
  ])
  assert.deepEqual(
    measures.map(({ lossFraction }) => lossFraction),
    [0, 0, 0.2, 0, 0.05],
  )
})

test('a late report is about what was sent a round trip ago', () => {
  const rows: Row[] = [
    [0, 0, 0],
    [500, 300, 0],
    [1_000, 600, 0],
    [1_500, 900, 0],
    [2_000, 920, 150],
  ]
  const { lossFraction, lossSinceMs } = feed(rows, 500).at(-1) ?? assert.fail()
  assert.equal(lossFraction, 150 / 900)
  assert.equal(lossSinceMs, 0)
})

test('nothing is lost where nothing was sent, and never more than everything', () => {
  assert.equal(feed([[0, 10, 3]])[0]?.lossFraction, 0)
  assert.equal(
    feed([
      [0, 10, 3],
      [500, 10, 5],
    ])[1]?.lossFraction,
    0,
  )
  assert.equal(
    feed([
      [0, 100, 0],
      [500, 110, 80],
    ])[1]?.lossFraction,
    1,
  )
})

test('a new stream starts from nothing', () => {
  const measures = feed([
    [0, 1_000, 500],
    [500, 10, 0],
    [1_000, 60, 0],
  ])
  assert.ok(measures.every(({ lossFraction }) => lossFraction === 0))
})

test('the rate is that of the last second', () => {
  const measures = feed([
    [0, 0, 0],
    [500, 500, 0],
    [1_000, 1_000, 0],
    [1_500, 1_100, 0],
    [2_000, 1_200, 0],
  ])
  assert.deepEqual(
    measures.map(({ sentKbps }) => sentKbps),
    [0, 8_000, 8_000, 4_800, 1_600],
  )
})
