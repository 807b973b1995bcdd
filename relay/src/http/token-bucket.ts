// SPDX-License-Identifier: Apache-2.0
// Bounds how often something may happen: so many a second on average, so many saved up. Pure; time is a parameter.

export interface TokenBucket {
  tokens: number
  atMs: number
}

export interface BucketRate {
  perSecond: number
  burst: number
}

/** A full bucket. */
export function fullBucket({ burst }: BucketRate, nowMs: number): TokenBucket {
  return { tokens: burst, atMs: nowMs }
}

/** The bucket after one more event at `nowMs`, or undefined when there is nothing left. */
export function takeToken(
  bucket: TokenBucket,
  { perSecond, burst }: BucketRate,
  nowMs: number,
): TokenBucket | undefined {
  const earned = (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond
  const tokens = Math.min(burst, bucket.tokens + earned)
  return tokens < 1 ? undefined : { tokens: tokens - 1, atMs: nowMs }
}
