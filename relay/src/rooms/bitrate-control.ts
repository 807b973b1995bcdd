// SPDX-License-Identifier: Apache-2.0
// What bitrate the encoder should aim for, from what is known of one player's link. Pure: state and sample in, state and
// decision out. The bandwidth estimate alone never lowers the target: it follows what is sent, so that a quiet scene
// looks like a thin link. Loss or growing delay must say that the link is full; the estimate then says how full.

export interface BitrateRange {
  minKbps: number
  startKbps: number
  maxKbps: number
}

/** One look at the player's link. */
export interface LinkSample {
  /** Monotonic ms. */
  atMs: number
  /** Available bandwidth as the congestion controller estimates it, in kbit/s. */
  estimateKbps: number | undefined
  /** Newest round-trip time, in ms. */
  rttMs: number | undefined
  /** Share of packets lost by the feedback of the last seconds, the newest counting most, 0..1: quick to rise, slow to fall. */
  recentLossFraction: number
  /** Share of packets lost that a receiver report told of since the last look, 0..1: late, but it is known about what. */
  lossFraction: number
  /** When the first of those packets was sent. */
  lossSinceMs: number
  /** What was sent in the last second, in kbit/s. */
  sentKbps: number
}

export interface BitrateState {
  readonly targetKbps: number
  /** When the target was last raised or cut. */
  readonly changedAtMs: number
  readonly cutAtMs: number
  /** First cut of the latest series. */
  readonly episodeAtMs: number
  /** Target at which the link was last found full; climbing past it is slow. */
  readonly fullAtKbps: number | undefined
  readonly rtt: RttHistory
  /** Highest estimates of the current and of the previous window: what a falling one is measured against. */
  readonly peak: EstimatePeak
}

export interface BitrateDecision {
  targetKbps: number
  reason: 'start' | 'loss' | 'delay' | 'climb'
}

interface EstimatePeak {
  readonly windowStartMs: number
  readonly currentKbps: number
  readonly previousKbps: number
}

/** Smallest round-trip time of the current and of the previous window: what the link takes when it is not full. */
interface RttHistory {
  readonly windowStartMs: number
  readonly currentMinMs: number
  readonly previousMinMs: number
  /** The last two different values. */
  readonly lastMs: number | undefined
  readonly beforeMs: number | undefined
}

/** More loss than this means a full link; between the two the target is held. */
const HEAVY_LOSS = 0.1
const LIGHT_LOSS = 0.02
/** Round-trip time above the link's own that means a queue: half as much again, but at least this many ms. */
const QUEUE_MS = 30
const QUEUE_FACTOR = 1.5
const RTT_WINDOW_MS = 10_000
/**
 * Share of the measured bandwidth that video gets in a cut: the queue must drain, and retransmissions take their part. A
 * cut that follows soon finds most of that done.
 */
const CUT_SHARE = 0.8
const FOLLOW_UP_SHARE = 0.9
/**
 * The estimate falls too far while loss goes on. Of what got through, by the reported loss, at least this share is there:
 * the report may be about a time in which the link was not full yet.
 */
const DELIVERED_SHARE = 0.6
/** A first cut takes at most three quarters, one that follows soon at most a third, a correction a quarter. */
const DEEPEST_CUT = 0.25
const DEEPEST_FOLLOW_UP = 0.7
const DEEPEST_CORRECTION = 0.75
/** Cut by delay where there is no estimate below the target, or where it cannot be trusted. */
const BLIND_CUT = 0.85
/** After a cut, round-trip times and the estimate still tell of the time before it for this long and a round trip. */
const SETTLE_MS = 2_000
/** Retransmissions of what was lost before a cut fill the link for about so long: loss of that time is no news. */
const DRAIN_MS = 1_000
/** Cuts that follow each other within this time are of one episode: only the estimate of its first moments counts. */
const EPISODE_MS = 6_000
/** The estimate may still be falling at the first cut of an episode: between these times after it, it is followed once. */
const CORRECTION_MS = 1_000
/** An estimate is falling when it is this far below the highest one of this window, or of the one before. */
const FALLING = 0.85
const PEAK_MS = 2_000
const CUT_MS = 250
/** Packets of a connection's first moments do not count. */
const WARM_UP_MS = 1_000
const STEP_MS = 1_000
const STEP = 1.05
/** Step near the level at which the link was full, unless the estimate shows room above it. */
const CAREFUL_STEP = 1.015
const NEAR_FULL = 0.85
const ROOM_ABOVE = 1.2

/** The state at the start of a connection, at `targetKbps`. */
export function startBitrate(targetKbps: number, nowMs: number): BitrateState {
  return {
    targetKbps,
    changedAtMs: nowMs,
    // A connection that has just begun is judged like one after a cut: what a page misses while it starts is no full link.
    cutAtMs: nowMs + WARM_UP_MS,
    episodeAtMs: Number.NEGATIVE_INFINITY,
    fullAtKbps: undefined,
    peak: { windowStartMs: nowMs, currentKbps: 0, previousKbps: 0 },
    rtt: {
      windowStartMs: nowMs,
      currentMinMs: Infinity,
      previousMinMs: Infinity,
      lastMs: undefined,
      beforeMs: undefined,
    },
  }
}

/** The next state, and the new target where it changes. */
export function decideBitrate(
  state: BitrateState,
  sample: LinkSample,
  range: BitrateRange,
): { state: BitrateState; decision: BitrateDecision | undefined } {
  const seen = { ...state, rtt: nextRtt(state.rtt, sample), peak: nextPeak(state.peak, sample) }
  const corrected = correct(seen, sample, range)
  if (corrected !== undefined) return corrected
  const congestion = congestionOf(seen, sample)
  if (congestion !== undefined) return cut(seen, sample, { range, reason: congestion })
  const loss = Math.max(sample.lossFraction, sample.recentLossFraction)
  if (loss > LIGHT_LOSS || isQueueing(seen.rtt)) return { state: seen, decision: undefined }
  return climb(seen, sample, range)
}

function congestionOf(state: BitrateState, sample: LinkSample): 'loss' | 'delay' | undefined {
  const { cutAtMs } = state
  const { atMs, lossFraction, recentLossFraction, lossSinceMs, rttMs = 0 } = sample
  const sinceCutMs = atMs - cutAtMs
  if (lossFraction > HEAVY_LOSS && lossSinceMs >= cutAtMs + DRAIN_MS) return 'loss'
  const followUp = isFollowUp(state, atMs)
  if (recentLossFraction > HEAVY_LOSS && sinceCutMs > SETTLE_MS && !followUp) return 'loss'
  return sinceCutMs >= SETTLE_MS + rttMs && isDelayed(state, sample, followUp) ? 'delay' : undefined
}

/** Whether a cut would belong to the episode of the cut before. */
function isFollowUp({ cutAtMs, episodeAtMs }: BitrateState, atMs: number): boolean {
  return Number.isFinite(episodeAtMs) && atMs - cutAtMs < EPISODE_MS
}

/**
 * Whether a queue grows on the way. One long round trip is a hiccup of the radio or of a busy machine; with a falling
 * estimate, or a second one, it is a queue. An estimate above the target says that the way to the viewer is free.
 */
function isDelayed({ rtt, peak, targetKbps }: BitrateState, sample: LinkSample, followUp: boolean): boolean {
  if (!isQueueing(rtt) || (sample.estimateKbps ?? 0) >= targetKbps) return false
  // After a cut the estimate goes on falling for seconds, and the newest round trip may still be one of the full link.
  if (!followUp && isFalling(peak, sample)) return true
  return rtt.beforeMs !== undefined && isAbove(rtt, rtt.beforeMs) && (rtt.lastMs ?? 0) >= rtt.beforeMs
}

/** Follows an estimate that goes on falling right after the first cut of an episode. */
function correct(
  state: BitrateState,
  sample: LinkSample,
  range: BitrateRange,
): { state: BitrateState; decision: BitrateDecision } | undefined {
  const { targetKbps, cutAtMs, episodeAtMs, fullAtKbps = 0 } = state
  const { atMs, estimateKbps = Infinity, sentKbps, recentLossFraction } = sample
  const sinceCutMs = atMs - cutAtMs
  if (cutAtMs !== episodeAtMs || sinceCutMs < CUT_MS || sinceCutMs > CORRECTION_MS) return undefined
  if (estimateKbps > fullAtKbps * FALLING) return undefined
  const throughKbps = Math.max(estimateKbps, sentKbps * (1 - recentLossFraction))
  const wanted = clamp(Math.round(Math.max(throughKbps * CUT_SHARE, targetKbps * DEEPEST_CORRECTION)), range)
  if (wanted >= targetKbps) return undefined
  const next = { ...state, targetKbps: wanted, changedAtMs: atMs, cutAtMs: atMs, fullAtKbps: throughKbps }
  return { state: next, decision: { targetKbps: wanted, reason: 'delay' } }
}

function cut(
  state: BitrateState,
  sample: LinkSample,
  { range, reason }: { range: BitrateRange; reason: 'loss' | 'delay' },
): { state: BitrateState; decision: BitrateDecision | undefined } {
  const { targetKbps, episodeAtMs } = state
  const followUp = isFollowUp(state, sample.atMs)
  const throughKbps = bandwidthOf(state, sample, followUp)
  const wanted = followUp ? followUpKbps(targetKbps, sample, throughKbps) : firstCutKbps(targetKbps, throughKbps)
  const targetAfter = clamp(Math.round(Math.min(targetKbps, wanted)), range)
  const next = {
    ...state,
    targetKbps: targetAfter,
    changedAtMs: sample.atMs,
    cutAtMs: sample.atMs,
    episodeAtMs: followUp ? episodeAtMs : sample.atMs,
    fullAtKbps: Math.min(targetKbps, throughKbps ?? targetKbps),
  }
  return { state: next, decision: targetAfter === targetKbps ? undefined : { targetKbps: targetAfter, reason } }
}

function firstCutKbps(targetKbps: number, throughKbps: number | undefined): number {
  if (throughKbps === undefined) return targetKbps * BLIND_CUT
  return Math.max(throughKbps * CUT_SHARE, targetKbps * DEEPEST_CUT)
}

/** What was sent may be less than the target: then its loss is taken off the target, not the target down to it. */
function followUpKbps(targetKbps: number, { lossFraction }: LinkSample, throughKbps: number | undefined): number {
  if (throughKbps === undefined) return targetKbps * BLIND_CUT
  const bySent = throughKbps * FOLLOW_UP_SHARE
  return Math.max(bySent, targetKbps * (1 - lossFraction), targetKbps * DEEPEST_FOLLOW_UP)
}

/** What the full link carries, in kbit/s, or undefined where nothing says it. */
function bandwidthOf({ targetKbps, peak }: BitrateState, sample: LinkSample, followUp: boolean): number | undefined {
  const { estimateKbps, lossFraction, recentLossFraction, sentKbps } = sample
  const loss = Math.max(lossFraction, followUp ? 0 : recentLossFraction)
  const deliveredKbps = loss > LIGHT_LOSS ? sentKbps * (1 - loss) : undefined
  // An estimate that stands still below the target follows what was sent, and one of a long episode has fallen too far.
  const measured = !followUp && estimateKbps !== undefined && estimateKbps < targetKbps && isFalling(peak, sample)
  return measured ? Math.max(estimateKbps, (deliveredKbps ?? 0) * DELIVERED_SHARE) : deliveredKbps
}

function climb(
  state: BitrateState,
  { atMs, estimateKbps }: LinkSample,
  range: BitrateRange,
): { state: BitrateState; decision: BitrateDecision | undefined } {
  const { targetKbps, changedAtMs, fullAtKbps } = state
  if (atMs - changedAtMs < STEP_MS || targetKbps >= range.maxKbps) return { state, decision: undefined }
  const roomAbove = estimateKbps !== undefined && estimateKbps > targetKbps * ROOM_ABOVE
  const near = fullAtKbps !== undefined && targetKbps > fullAtKbps * NEAR_FULL && targetKbps < fullAtKbps * STEP
  // Looks do not come exactly once a step: the climb is as steep whenever they come.
  const steps = Math.min(2, (atMs - changedAtMs) / STEP_MS)
  const next = clamp(Math.ceil(targetKbps * (near && !roomAbove ? CAREFUL_STEP : STEP) ** steps), range)
  const passed = fullAtKbps !== undefined && next >= fullAtKbps * STEP
  return {
    state: { ...state, targetKbps: next, changedAtMs: atMs, fullAtKbps: passed ? undefined : fullAtKbps },
    decision: { targetKbps: next, reason: 'climb' },
  }
}

function nextRtt(history: RttHistory, { atMs, rttMs }: LinkSample): RttHistory {
  if (rttMs === undefined || rttMs <= 0) return history
  const changed = rttMs === history.lastMs ? {} : { lastMs: rttMs, beforeMs: history.lastMs }
  if (atMs - history.windowStartMs < RTT_WINDOW_MS) {
    return { ...history, ...changed, currentMinMs: Math.min(history.currentMinMs, rttMs) }
  }
  return { ...history, ...changed, windowStartMs: atMs, currentMinMs: rttMs, previousMinMs: history.currentMinMs }
}

function nextPeak(peak: EstimatePeak, { atMs, estimateKbps }: LinkSample): EstimatePeak {
  if (estimateKbps === undefined) return peak
  if (atMs - peak.windowStartMs < PEAK_MS) return { ...peak, currentKbps: Math.max(peak.currentKbps, estimateKbps) }
  return { windowStartMs: atMs, currentKbps: estimateKbps, previousKbps: peak.currentKbps }
}

function isFalling({ currentKbps, previousKbps }: EstimatePeak, { estimateKbps }: LinkSample): boolean {
  return estimateKbps !== undefined && estimateKbps < Math.max(currentKbps, previousKbps) * FALLING
}

function isQueueing(rtt: RttHistory): boolean {
  return rtt.lastMs !== undefined && isAbove(rtt, rtt.lastMs)
}

function isAbove({ currentMinMs, previousMinMs }: RttHistory, rttMs: number): boolean {
  const baseMs = Math.min(currentMinMs, previousMinMs)
  return Number.isFinite(baseMs) && rttMs > Math.max(baseMs + QUEUE_MS, baseMs * QUEUE_FACTOR)
}

function clamp(kbps: number, { minKbps, maxKbps }: BitrateRange): number {
  return Math.min(maxKbps, Math.max(minKbps, kbps))
}
