// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distributionRow, formatReport, formatTable, misses, parseReport, type Report, valueRow } from './report.ts'

const machine = {
  cpu: 'c',
  cores: 2,
  memoryGib: 8,
  kernel: '6',
  system: 'Debian',
  node: 'v24',
  date: '2026-01-01T00:00',
}

function aReport(rows: Report['rows']): Report {
  return { bench: 'latency', commit: 'abc', machine, settings: '--starts 3', rows }
}

test('a distribution row is the median of its starts and not one pool of samples', () => {
  const row = distributionRow({ name: 'a', unit: 'ms' }, [[1, 1, 1], [2, 2, 2], [90, 90, 90], []])
  assert.equal(row.p50, 2)
  assert.equal(row.p99, 2)
  assert.equal(row.n, 9)
  assert.equal(row.starts?.length, 3)
  assert.equal(row.ok, null)
})

test('a row meets its target only when every figure with a limit does', () => {
  const target = { p50: 10, p99: 20 }
  assert.equal(distributionRow({ name: 'a', unit: 'ms', target }, [[9, 9, 20]]).ok, true)
  const missed = distributionRow({ name: 'a', unit: 'ms', target }, [[9, 9, 25]])
  assert.equal(missed.ok, false)
  assert.deepEqual(misses(missed), [{ figure: 'p99', measured: 25, target: 20, over: 0.25 }])
})

test('a lower limit is missed from below', () => {
  const row = valueRow({ name: 'a', unit: 'Mbit/s', target: { atLeast: 4 } }, [3, 3, 5])
  assert.equal(row.ok, false)
  assert.equal(misses(row)[0]?.over, 0.25)
  assert.equal(valueRow({ name: 'a', unit: 'Mbit/s', target: { atLeast: 4 } }, [4]).ok, true)
})

test('a target of zero that is missed is infinitely over', () => {
  const row = valueRow({ name: 'a', unit: 'frames', target: { value: 0 } }, [1])
  assert.equal(misses(row)[0]?.over, Number.POSITIVE_INFINITY)
})

test('a report reads back as it was written', () => {
  const report = aReport([
    distributionRow({ name: 'a', unit: 'ms', target: { p50: 1 }, note: 'from here to there' }, [[1, 2, 3]]),
    valueRow({ name: 'b', unit: '%' }, [1, 2, 3]),
  ])
  assert.deepEqual(parseReport(formatReport(report)), report)
})

test('the table names what misses its target', () => {
  const report = aReport([valueRow({ name: 'b', unit: '%', target: { value: 1 } }, [2])])
  assert.match(formatTable(report), /^name .*\nb .* ≤ 1 +NO$/)
})
