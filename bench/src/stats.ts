// SPDX-License-Identifier: Apache-2.0
// Order statistics of measured samples. Pure.

/** Percentiles of samples, in the samples' unit. */
export interface Percentiles {
  n: number
  p50: number
  p95: number
  p99: number
}

/**
 * The value that a share `q` (0..1) of the samples does not exceed (nearest rank, so it is always a sample that was
 * really seen).
 * @param sorted samples in ascending order
 * @throws {RangeError} without samples
 */
export function quantile(sorted: readonly number[], q: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]
  if (value === undefined) throw new RangeError('a quantile needs at least one sample')
  return value
}

/**
 * p50, p95 and p99 of samples in any order.
 * @throws {RangeError} without samples
 */
export function percentiles(samples: readonly number[]): Percentiles {
  const sorted = [...samples].sort((a, b) => a - b)
  return { n: sorted.length, p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99) }
}

/**
 * Middle value; the mean of the two middle ones where their number is even.
 * @throws {RangeError} without values
 */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new RangeError('a median needs at least one value')
  return (low + high) / 2
}

/** The 101 quantiles 0 %, 1 %, ... 100 %: a distribution small enough to be kept in a file. */
export function quantileCurve(samples: readonly number[]): number[] {
  const sorted = [...samples].sort((a, b) => a - b)
  return Array.from({ length: 101 }, (_, i) => quantile(sorted, i / 100))
}

/** Rounds to `digits` significant digits: what is written down should not claim more than was measured. */
export function significant(value: number, digits = 4): number {
  return value === 0 ? 0 : Number(value.toPrecision(digits))
}
