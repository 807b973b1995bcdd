// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, percentiles, quantile, quantileCurve, significant } from './stats.ts'

test('a percentile is a sample that was seen, by nearest rank', () => {
  const samples = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.deepEqual(percentiles(samples), { n: 100, p50: 50, p95: 95, p99: 99 })
  assert.deepEqual(percentiles([7]), { n: 1, p50: 7, p95: 7, p99: 7 })
})

test('the ends of a distribution are its smallest and largest sample', () => {
  assert.equal(quantile([1, 2, 3], 0), 1)
  assert.equal(quantile([1, 2, 3], 1), 3)
  const curve = quantileCurve([3, 1, 2])
  assert.equal(curve.length, 101)
  assert.equal(curve[0], 1)
  assert.equal(curve[100], 3)
})

test('no samples have no percentiles', () => {
  assert.throws(() => percentiles([]), RangeError)
  assert.throws(() => median([]), RangeError)
})

test('a median of an even number of values lies between the two middle ones', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.equal(median([3, 1, 2]), 2)
})

test('figures are rounded to what was measured, small ones too', () => {
  assert.equal(significant(12.34567), 12.35)
  assert.equal(significant(0.00012345678), 0.0001235)
  assert.equal(significant(0), 0)
})
