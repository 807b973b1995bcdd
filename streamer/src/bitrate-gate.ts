// SPDX-License-Identifier: Apache-2.0
// Decides which of the relay's target bitrates reach the encoder. A cut is passed on at once: the link is full already.
// Rises wait, small changes are left out, and an encoder that pays for a change with a key frame is changed rarely. Pure.

import type { LiveBitrate } from './pipeline/encoder-record.ts'

export interface BitrateRange {
  minKbps: number
  maxKbps: number
}

export interface BitrateGate {
  /** What the encoder was told last. */
  currentKbps: number
  /** When it was told, monotonic ms. */
  changedAtMs: number
  /** A target that waits for its time. */
  pendingKbps: number | undefined
}

/** Changes that are not worth it, as a share of the current bitrate, and the time between rises. */
const LIMITS: Readonly<Record<LiveBitrate, { share: number; intervalMs: number }>> = {
  smooth: { share: 0.02, intervalMs: 100 },
  'key-frame': { share: 0.1, intervalMs: 1_000 },
}

/** A gate for an encoder that starts at `startKbps`. */
export function openGate(startKbps: number, nowMs: number): BitrateGate {
  return { currentKbps: startKbps, changedAtMs: nowMs, pendingKbps: undefined }
}

export type GateDecision =
  | { kind: 'none' }
  | { kind: 'set'; bitrateKbps: number }
  /** Ask again after `ms` with the pending target. */
  | { kind: 'wait'; ms: number }

/** What to do with a target. Targets outside the range are pulled into it. */
export function passTarget(
  gate: BitrateGate,
  { targetKbps, range, live, nowMs }: { targetKbps: number; range: BitrateRange; live: LiveBitrate; nowMs: number },
): { gate: BitrateGate; decision: GateDecision } {
  const bitrateKbps = Math.round(Math.max(range.minKbps, Math.min(range.maxKbps, targetKbps)))
  const { share, intervalMs } = LIMITS[live]
  const change = Math.abs(bitrateKbps - gate.currentKbps)
  const atEnd = bitrateKbps === range.minKbps || bitrateKbps === range.maxKbps
  if (change === 0 || (change < gate.currentKbps * share && !atEnd)) {
    return { gate: { ...gate, pendingKbps: undefined }, decision: { kind: 'none' } }
  }
  const waitMs = gate.changedAtMs + intervalMs - nowMs
  // Even a cut waits where each change costs a key frame, which is the last thing that a full link needs twice a second.
  const atOnce = live === 'smooth' && bitrateKbps < gate.currentKbps
  if (waitMs > 0 && !atOnce)
    return { gate: { ...gate, pendingKbps: bitrateKbps }, decision: { kind: 'wait', ms: waitMs } }
  return {
    gate: { currentKbps: bitrateKbps, changedAtMs: nowMs, pendingKbps: undefined },
    decision: { kind: 'set', bitrateKbps },
  }
}
