// SPDX-License-Identifier: Apache-2.0
// Loss and rate of a stream from counters that only grow. Pure. A receiver's report says how many packets it missed, not
// when: the meter sets it against what was sent before the report could know, so that losses from before a change of the
// bitrate are not taken for losses after it.

/** Counters of a stream at one moment. */
export interface LinkCounters {
  atMs: number
  packetsSent: number
  bytesSent: number
  /** As the receiver's newest report says. */
  packetsLost: number
}

/** Counters of the last seconds, oldest first, and when the last loss was reported. */
export interface LinkHistory {
  readonly counters: readonly LinkCounters[]
  readonly reportedAtMs: number
}

export interface LinkMeasure {
  /** Share of packets lost, 0..1. */
  lossFraction: number
  /** When the first of the packets was sent that the share is about. */
  lossSinceMs: number
  /** Rate of the last second, in kbit/s. */
  sentKbps: number
}

export const NO_HISTORY: LinkHistory = { counters: [], reportedAtMs: Number.NEGATIVE_INFINITY }

const RATE_MS = 1_000
/** Receivers report about once a second (RFC 3550 §6.2), browsers take up to half as long again. */
const REPORT_MS = 1_500
/** An older report was followed by some that told of no loss and left no trace. */
const LAST_REPORT_MS = 2_500
const KEPT_MS = 4_000

/** Adds counters and measures. Loss is 0 where these counters report none that is new. */
export function measureLink(
  { counters, reportedAtMs }: LinkHistory,
  next: LinkCounters,
  rttMs: number,
): { history: LinkHistory; measure: LinkMeasure } {
  const last = counters.at(-1)
  // Counters that went back are those of another stream.
  const known = last !== undefined && next.packetsSent < last.packetsSent ? [] : counters
  const kept = [...known.filter(({ atMs }) => atMs > next.atMs - KEPT_MS), next]
  const lost = next.packetsLost - (known.at(-1)?.packetsLost ?? next.packetsLost)
  const sentKbps = rateOf(at(kept, next.atMs - RATE_MS), next)
  if (lost <= 0) {
    return { history: { counters: kept, reportedAtMs }, measure: { lossFraction: 0, lossSinceMs: next.atMs, sentKbps } }
  }
  const sinceMs = reportedAtMs > next.atMs - LAST_REPORT_MS ? reportedAtMs : next.atMs - REPORT_MS
  const lossSinceMs = sinceMs - rttMs
  const sent = at(kept, next.atMs - rttMs).packetsSent - at(kept, lossSinceMs).packetsSent
  const lossFraction = sent <= 0 ? 0 : Math.min(1, lost / sent)
  return {
    history: { counters: kept, reportedAtMs: next.atMs },
    measure: { lossFraction, lossSinceMs, sentKbps },
  }
}

/** The newest counters that are not younger than `atMs`, or the oldest there are. */
function at(counters: readonly LinkCounters[], atMs: number): LinkCounters {
  const found = counters.findLast((entry) => entry.atMs <= atMs) ?? counters[0]
  if (found === undefined) throw new RangeError('there are no counters')
  return found
}

function rateOf(from: LinkCounters, to: LinkCounters): number {
  const ms = to.atMs - from.atMs
  return ms <= 0 ? 0 : ((to.bytesSent - from.bytesSent) * 8) / ms
}
