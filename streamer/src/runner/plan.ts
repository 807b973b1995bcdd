// SPDX-License-Identifier: Apache-2.0
// The order in which a room's processes start, which of them fall with which, and when each is tried again. Pure: state and
// event in, state and effects out; the supervisor does what the effects say.

import { backoffMs } from '@nestri/runtime'

export type StepId = 'desktop' | 'audio' | 'streamer' | 'game'

export interface StepRule {
  id: StepId
  /** Steps that must be ready while this one runs: when one of them is replaced, this one is replaced too. */
  needs: readonly StepId[]
  /** Steps that must have been ready once before this one starts for the first time. */
  after: readonly StepId[]
}

/** Which steps a room has. */
export interface RoomParts {
  desktop: boolean
  audio: boolean
  game: boolean
}

/** The steps of a room, in their order. */
export function roomRules(parts: RoomParts): StepRule[] {
  const all: StepRule[] = [
    { id: 'desktop', needs: [], after: [] },
    { id: 'audio', needs: [], after: ['desktop'] },
    { id: 'streamer', needs: ['desktop', 'audio'], after: [] },
    // The encoder may come and go under a running game.
    { id: 'game', needs: ['desktop', 'audio'], after: ['streamer'] },
  ]
  const exists = (id: StepId): boolean => id === 'streamer' || parts[id]
  return all
    .filter(({ id }) => exists(id))
    .map(({ id, needs, after }) => ({ id, needs: needs.filter(exists), after: after.filter(exists) }))
}

/** `failures` counts the ends in a row that nobody asked for. */
export type StepState =
  | { kind: 'waiting'; failures: number }
  | { kind: 'starting'; failures: number }
  | { kind: 'ready'; failures: number; sinceMs: number }
  | { kind: 'stopping'; failures: number }
  | { kind: 'backoff'; failures: number; untilMs: number }
  | { kind: 'stopped' }

export interface RoomState {
  rules: readonly StepRule[]
  steps: Readonly<Partial<Record<StepId, StepState>>>
  /** Steps that have been ready at least once. */
  everReady: readonly StepId[]
  ending: boolean
}

export type RoomEvent =
  | { type: 'begin' }
  | { type: 'ready'; step: StepId }
  /** The step's process is gone and cleaned up after. `fatal` = starting it again is of no use. */
  | { type: 'ended'; step: StepId; fatal: boolean }
  /** Time has passed. */
  | { type: 'tick' }
  | { type: 'end' }

export type RoomEffect =
  | { type: 'start'; step: StepId }
  | { type: 'stop'; step: StepId }
  /** The step is tried again after `waitMs`. */
  | { type: 'retry'; step: StepId; waitMs: number }
  /** The room cannot be: it ends. */
  | { type: 'give-up'; step: StepId }
  /** Everything has ended. */
  | { type: 'done' }

export interface Transition {
  state: RoomState
  effects: RoomEffect[]
}

/** Waits between repetitions of one step. */
export const STEP_BACKOFF = { baseMs: 500, maxMs: 30_000 }
/** A step that ran this long was healthy: its end is not what ended it before. */
export const HEALTHY_MS = 60_000
/** Failures in a row of a step that never worked, after which nothing else is to be expected. */
export const MAX_EARLY_FAILURES = 5

export function initialState(rules: readonly StepRule[]): RoomState {
  const steps = Object.fromEntries(rules.map(({ id }) => [id, { kind: 'waiting', failures: 0 }]))
  return { rules, steps, everReady: [], ending: false }
}

/**
 * What follows from an event.
 * @param nowMs monotonic time
 * @param random a number in [0, 1), spreads the waits
 */
export function next(state: RoomState, event: RoomEvent, nowMs: number, random: number): Transition {
  const applied = apply(state, event, nowMs, random)
  const settled = applied.state.ending ? stopLast(applied.state) : startWaiting(applied.state, nowMs)
  return { state: settled.state, effects: [...applied.effects, ...settled.effects] }
}

/** When the next tick is due, in monotonic ms; undefined = only events move the room. */
export function nextTickMs(state: RoomState): number | undefined {
  const times = Object.values(state.steps).flatMap((step) => (step.kind === 'backoff' ? [step.untilMs] : []))
  return times.length === 0 || state.ending ? undefined : Math.min(...times)
}

function apply(state: RoomState, event: RoomEvent, nowMs: number, random: number): Transition {
  switch (event.type) {
    case 'begin':
    case 'tick':
      return { state, effects: [] }
    case 'end':
      return { state: { ...state, ending: true }, effects: [] }
    case 'ready':
      return { state: becameReady(state, event.step, nowMs), effects: [] }
    case 'ended':
      return ended(state, event, nowMs, random)
  }
}

function becameReady(state: RoomState, id: StepId, nowMs: number): RoomState {
  const step = state.steps[id]
  if (step?.kind !== 'starting') return state
  const everReady = state.everReady.includes(id) ? state.everReady : [...state.everReady, id]
  return { ...withStep(state, id, { kind: 'ready', failures: step.failures, sinceMs: nowMs }), everReady }
}

function ended(
  state: RoomState,
  { step: id, fatal }: { step: StepId; fatal: boolean },
  nowMs: number,
  random: number,
): Transition {
  const step = state.steps[id]
  if (step === undefined || step.kind === 'stopped') return { state, effects: [] }
  if (state.ending) return { state: withStep(state, id, { kind: 'stopped' }), effects: [] }
  // Asked for, because something that it needs was replaced.
  if (step.kind === 'stopping') {
    return { state: withStep(state, id, { kind: 'waiting', failures: step.failures }), effects: [] }
  }
  const wasHealthy = step.kind === 'ready' && nowMs - step.sinceMs >= HEALTHY_MS
  const failures = wasHealthy ? 1 : step.failures + 1
  if (fatal || (failures >= MAX_EARLY_FAILURES && !state.everReady.includes(id))) {
    const stopped = withStep(state, id, { kind: 'stopped' })
    return { state: { ...stopped, ending: true }, effects: [{ type: 'give-up', step: id }] }
  }
  const waitMs = backoffMs(failures - 1, STEP_BACKOFF, random)
  const waiting = withStep(state, id, { kind: 'backoff', failures, untilMs: nowMs + waitMs })
  const fallen = stopDependants(waiting, id)
  return { state: fallen.state, effects: [{ type: 'retry', step: id, waitMs }, ...fallen.effects] }
}

function stopDependants(state: RoomState, id: StepId): Transition {
  const effects: RoomEffect[] = []
  let result = state
  for (const rule of state.rules.toReversed()) {
    const step = state.steps[rule.id]
    if (!rule.needs.includes(id) || (step?.kind !== 'starting' && step?.kind !== 'ready')) continue
    result = withStep(result, rule.id, { kind: 'stopping', failures: step.failures })
    effects.push({ type: 'stop', step: rule.id })
  }
  return { state: result, effects }
}

/** Starts every step whose turn it is. */
function startWaiting(state: RoomState, nowMs: number): Transition {
  const effects: RoomEffect[] = []
  let result = state
  for (const rule of state.rules) {
    const step = result.steps[rule.id]
    const isDue = step?.kind === 'waiting' || (step?.kind === 'backoff' && step.untilMs <= nowMs)
    if (!isDue || !isFree(result, rule)) continue
    result = withStep(result, rule.id, { kind: 'starting', failures: step.failures })
    effects.push({ type: 'start', step: rule.id })
  }
  return { state: result, effects }
}

/** What it needs is there, what comes before it has come, and nothing that fell with it is still running. */
function isFree(state: RoomState, rule: StepRule): boolean {
  const isRunning = (id: StepId): boolean =>
    ['starting', 'ready', 'stopping'].includes(state.steps[id]?.kind ?? 'stopped')
  return (
    rule.needs.every((id) => state.steps[id]?.kind === 'ready') &&
    rule.after.every((id) => state.everReady.includes(id)) &&
    !state.rules.some((other) => other.needs.includes(rule.id) && isRunning(other.id))
  )
}

/** Ends the steps one by one, the last one first. */
function stopLast(state: RoomState): Transition {
  let result = state
  for (const { id } of state.rules.toReversed()) {
    const step = result.steps[id]
    if (step === undefined || step.kind === 'stopped') continue
    if (step.kind === 'stopping') return { state: result, effects: [] }
    if (step.kind === 'starting' || step.kind === 'ready') {
      return {
        state: withStep(result, id, { kind: 'stopping', failures: step.failures }),
        effects: [{ type: 'stop', step: id }],
      }
    }
    result = withStep(result, id, { kind: 'stopped' })
  }
  return { state: result, effects: [{ type: 'done' }] }
}

function withStep(state: RoomState, id: StepId, step: StepState): RoomState {
  return { ...state, steps: { ...state.steps, [id]: step } }
}
