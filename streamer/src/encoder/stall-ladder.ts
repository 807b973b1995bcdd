// SPDX-License-Identifier: Apache-2.0
// What to do when no picture comes: nothing for 2.5 s, then ever stronger cures, and giving up after 20 s. Pure: time and
// the ages of the newest frames are parameters. The stage that is named is the first one in which frames stop.

/** Where frames stop: nothing is captured, captured frames are not encoded, encoded frames are not sent. */
export type Stage = 'source' | 'encoder' | 'packets'

/** Age of the stalled stage at which each rung is reached, in ms. */
export const STALL_RUNGS_MS: readonly number[] = [2_500, 5_000, 8_000, 12_000, 16_000, 20_000]

/** A stage whose newest frame is younger than this flows. */
const FLOWS_BELOW_MS = 1_000

/** What is known at one moment. */
export interface StallSample {
  nowMs: number
  /** Age of the newest frame at each stage in ms; -1 = none yet. */
  ages: { captured: number; encoded: number; sent: number }
  /** Whether there is a media connection: without one nothing is sent, and after its first frame nothing is encoded. */
  connected: boolean
}

export type StallAction =
  /** Tell it: `attempt` counts the rungs from 1. */
  | { kind: 'report'; stage: Stage; stalledMs: number; attempt: number }
  | { kind: 'key-frame' }
  | { kind: 'restart-encoder' }
  | { kind: 'fatal'; stage: Stage; stalledMs: number }
  /** Frames flow again. */
  | { kind: 'recovered' }

export interface StallState {
  /** When each stage last had a new frame, or when it could first have had one. */
  lastMs: Readonly<Record<Stage, number>>
  /** Rungs that have been taken; 0 = all stages flow. */
  rung: number
}

/** The state at the start of a session: each stage gets its full time for the first frame. */
export function startOfStalls(nowMs: number): StallState {
  return { lastMs: { source: nowMs, encoder: nowMs, packets: nowMs }, rung: 0 }
}

/** The next state and what to do now. Called a few times a second. */
export function nextStall(state: StallState, sample: StallSample): { state: StallState; actions: StallAction[] } {
  const { nowMs, ages, connected } = sample
  const last = (age: number, before: number): number => (age < 0 ? before : Math.max(before, nowMs - age))
  const lastMs = {
    source: last(ages.captured, state.lastMs.source),
    // What waits for a connection is no fault: the time counts from when it is there.
    encoder: connected || ages.encoded < 0 ? last(ages.encoded, state.lastMs.encoder) : nowMs,
    packets: connected ? last(ages.sent, state.lastMs.packets) : nowMs,
  }
  const stalled = stalledStage(lastMs, nowMs)
  if (stalled === undefined) {
    const flows = Object.values(lastMs).every((at) => nowMs - at < FLOWS_BELOW_MS)
    if (state.rung === 0 || !flows) return { state: { lastMs, rung: state.rung }, actions: [] }
    return { state: { lastMs, rung: 0 }, actions: [{ kind: 'recovered' }] }
  }
  const reached = STALL_RUNGS_MS.filter((limit) => stalled.stalledMs >= limit).length
  if (reached <= state.rung) return { state: { lastMs, rung: state.rung }, actions: [] }
  return { state: { lastMs, rung: reached }, actions: actionsOf(stalled, reached) }
}

interface Stalled {
  stage: Stage
  stalledMs: number
}

function stalledStage(lastMs: StallState['lastMs'], nowMs: number): Stalled | undefined {
  const [first = 0] = STALL_RUNGS_MS
  for (const stage of ['source', 'encoder', 'packets'] as const) {
    const stalledMs = Math.round(nowMs - lastMs[stage])
    if (stalledMs >= first) return { stage, stalledMs }
  }
  return undefined
}

function actionsOf({ stage, stalledMs }: Stalled, attempt: number): StallAction[] {
  const report: StallAction = { kind: 'report', stage, stalledMs, attempt }
  if (attempt === STALL_RUNGS_MS.length) return [report, { kind: 'fatal', stage, stalledMs }]
  // Nothing behind the capture can cure a capture that stands still.
  if (stage === 'source') return [report]
  return [report, attempt <= 2 ? { kind: 'key-frame' } : { kind: 'restart-encoder' }]
}

/** Part of the pipelines that reported an error. */
export type FaultyPart = 'producer' | 'encoder' | 'audio'

/** Encoder restarts that are worth trying within a while; more of them mean that restarting does not help. */
const MAX_RESTARTS = 3
const RESTARTS_WITHIN_MS = 30_000

/** Times of the encoder restarts after errors. */
export type FaultState = readonly number[]

/** What an error on a pipeline's bus asks for: it does not wait for the ladder to see that frames stop. */
export function nextFault(
  state: FaultState,
  { part, nowMs }: { part: FaultyPart; nowMs: number },
): { state: FaultState; action: 'restart-encoder' | 'fatal' | 'report' } {
  if (part === 'audio') return { state, action: 'report' }
  if (part === 'producer') return { state, action: 'fatal' }
  const recent = state.filter((at) => nowMs - at < RESTARTS_WITHIN_MS)
  if (recent.length >= MAX_RESTARTS) return { state: recent, action: 'fatal' }
  return { state: [...recent, nowMs], action: 'restart-encoder' }
}
