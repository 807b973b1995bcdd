// SPDX-License-Identifier: Apache-2.0
// One room's streaming as a state machine: an encoder process that comes and goes, a relay that comes and goes, and the
// media connection between them. Pure: every event gives the next state and effects for the host to carry out.
//
// An offer serves one negotiation. When the relay comes back after its first offer was used, the encoder's webrtcbin is
// replaced (a new offer) while capture and game go on; when the encoder process dies, the relay keeps the room.

import { ERRORS } from '@nestri/protocol'
import type { EncoderFacts, RelayToRunner, RunnerMessage } from '@nestri/protocol'
import type { CommandBody, EncoderEvent, Started } from './encoder/contract.ts'
import type { Rejection } from './pipeline/choose.ts'
import type { LiveBitrate } from './pipeline/encoder-record.ts'

/** The encoder process. */
export type EncoderPhase =
  /** Also while the next start waits for its time. `probing` names what is being tried. */
  | { kind: 'starting'; probing: string }
  | { kind: 'up'; facts: EncoderFacts; liveBitrate: LiveBitrate; restarting: boolean }

/** The media connection. */
export type MediaPhase =
  | { kind: 'none' }
  /** An offer that was not sent yet. */
  | { kind: 'offer'; sdp: string }
  | { kind: 'offered' }
  | { kind: 'answered' }
  | { kind: 'connected' }

export interface RunningState {
  kind: 'running'
  encoder: EncoderPhase
  /** Whether the relay has admitted us. */
  admitted: boolean
  media: MediaPhase
  /** Number of the last negotiation. */
  negotiation: number
  /** Starts of the encoder process that failed one after another. */
  failedStarts: number
  /** Media connections that failed one after another. */
  failedConnections: number
  /** Whether media ever flowed: from then on nothing but a refusal is given up. */
  everStreamed: boolean
  /** Who holds which seat. */
  holders: Readonly<Record<number, string>>
  excluded: readonly Rejection[]
}

export type SessionState = RunningState | { kind: 'stopped' }

/** Why a session ends. */
export interface SessionEnd {
  /** 0 = it was asked to. */
  exitCode: 0 | 1
  /** One sentence. */
  reason: string
  /** Code of the error catalogue, where it ends by one. */
  code?: string
}

export type SessionEvent =
  | { type: 'encoder-started'; started: Started }
  /** The start was refused with a code of the catalogue. */
  | { type: 'encoder-refused'; code: string; message: string }
  /** The process is gone, with its last words; `crashed` = by a fault of its own, not because somebody ended it. */
  | { type: 'encoder-ended'; reason: string; crashed: boolean }
  | { type: 'encoder-event'; event: EncoderEvent }
  | { type: 'restarted'; ok: boolean }
  | { type: 'answer-failed'; reason: string }
  | { type: 'media-timeout'; negotiation: number }
  | { type: 'admitted' }
  | { type: 'relay-lost'; reason: string }
  | { type: 'relay-message'; message: RelayToRunner }
  | { type: 'stop'; reason: string }

export type Effect =
  /** Start the encoder process; `failures` in a row set the wait before it. */
  | { kind: 'start-encoder'; failures: number; excluded: readonly Rejection[] }
  /** Ask the encoder for a new offer; `failures` in a row set the wait before it. */
  | { kind: 'restart-encoder'; failures: number }
  | { kind: 'command'; body: CommandBody }
  | { kind: 'target'; bitrateKbps: number; reason: string }
  | { kind: 'send'; message: RunnerMessage }
  /** Report `media-timeout` unless the negotiation has led to a connection by then. */
  | { kind: 'await-media'; negotiation: number }
  | { kind: 'status'; state: 'starting' | 'connecting' | 'streaming' | 'stopped'; reason: string }
  | { kind: 'end'; end: SessionEnd }

export interface Step {
  state: SessionState
  effects: readonly Effect[]
}

/** Failed starts in a row after which a session that never streamed is given up. */
export const MAX_FAILED_STARTS = 5

/** Codes that starting again does not cure. */
const HOPELESS: ReadonlySet<string> = new Set(['ERR_ENCODER_UNAVAILABLE', 'ERR_ADDON', 'ERR_CONFIG'])

/** The state before anything happened, and the first start. */
export function startSession(): Step {
  return {
    state: {
      kind: 'running',
      encoder: { kind: 'starting', probing: '' },
      admitted: false,
      media: { kind: 'none' },
      negotiation: 0,
      failedStarts: 0,
      failedConnections: 0,
      everStreamed: false,
      holders: {},
      excluded: [],
    },
    effects: [
      { kind: 'status', state: 'starting', reason: '' },
      { kind: 'start-encoder', failures: 0, excluded: [] },
    ],
  }
}

/** The next state and what to do. Events that do not fit the state change nothing. */
export function next(state: SessionState, event: SessionEvent): Step {
  if (state.kind === 'stopped') return { state, effects: [] }
  switch (event.type) {
    case 'encoder-started':
      return onStarted(state, event.started)
    case 'encoder-refused':
      return HOPELESS.has(event.code)
        ? ended({ exitCode: 1, reason: event.message, code: event.code })
        : onEncoderGone(state, { reason: event.message, crashed: false, code: event.code })
    case 'encoder-ended':
      return onEncoderGone(state, { ...event, code: 'ERR_PIPELINE' })
    case 'encoder-event':
      return onEncoderEvent(state, event.event)
    case 'restarted':
      return onRestarted(state, event.ok)
    case 'answer-failed':
      return renegotiate(state)
    case 'media-timeout':
      return event.negotiation === state.negotiation && state.media.kind === 'answered'
        ? renegotiate(state)
        : same(state)
    case 'admitted':
      return onAdmitted(state)
    case 'relay-lost':
      return onRelayLost(state, event.reason)
    case 'relay-message':
      return onRelayMessage(state, event.message)
    case 'stop':
      return ended({ exitCode: 0, reason: event.reason })
  }
}

function same(state: RunningState): Step {
  return { state, effects: [] }
}

function ended(end: SessionEnd): Step {
  return {
    state: { kind: 'stopped' },
    effects: [
      { kind: 'status', state: 'stopped', reason: end.reason },
      { kind: 'send', message: { type: 'bye', reason: end.reason.slice(0, 500) } },
      { kind: 'end', end },
    ],
  }
}

function onStarted(state: RunningState, { encoder: facts, liveBitrate }: Started): Step {
  const effects: Effect[] = [{ kind: 'status', state: 'connecting', reason: '' }]
  if (state.admitted) effects.push({ kind: 'send', message: { type: 'encoder', encoder: facts } })
  return { state: { ...state, encoder: { kind: 'up', facts, liveBitrate, restarting: false } }, effects }
}

function onEncoderGone(
  state: RunningState,
  { reason, crashed, code }: { reason: string; crashed: boolean; code: string },
): Step {
  const { encoder } = state
  // Whatever was being probed when the process crashed is not tried again.
  const died = crashed && encoder.kind === 'starting' && encoder.probing !== ''
  const excluded = died
    ? [...state.excluded, { name: encoder.probing, reason: `the process died: ${reason}` }]
    : state.excluded
  const failures = died ? 0 : state.failedStarts + 1
  if (!state.everStreamed && failures >= MAX_FAILED_STARTS) return ended({ exitCode: 1, reason, code })
  return {
    state: {
      ...state,
      encoder: { kind: 'starting', probing: '' },
      media: { kind: 'none' },
      failedStarts: failures,
      excluded,
    },
    effects: [
      { kind: 'status', state: 'starting', reason },
      { kind: 'send', message: { type: 'interrupted', reason: reason.slice(0, 500) } },
      { kind: 'start-encoder', failures, excluded },
    ],
  }
}

function onEncoderEvent(state: RunningState, event: EncoderEvent): Step {
  switch (event.type) {
    case 'probing':
      return state.encoder.kind === 'starting'
        ? { state: { ...state, encoder: { kind: 'starting', probing: event.name } }, effects: [] }
        : same(state)
    case 'offer':
      return useOffer({ ...state, media: { kind: 'offer', sdp: event.sdp } })
    case 'connection':
      return onConnection(state, event.state)
    case 'stats':
      return { state, effects: [{ kind: 'send', message: { type: 'stats', stats: event.stats } }] }
    case 'video-stall': {
      if (event.attempt !== 2) return same(state)
      const reason = `no picture for ${Math.round(event.stalledMs / 1000)} s (${event.stage})`
      return { state, effects: [{ kind: 'send', message: { type: 'interrupted', reason } }] }
    }
    case 'error':
      return { state: withoutFailed(state, event), effects: [] }
    case 'status':
    case 'log':
    case 'video-transition':
    case 'input-ready':
      return same(state)
  }
}

/** A hardware encoder that works in a probe and fails in use is not taken again; of software there may be no other. */
function withoutFailed(state: RunningState, { encoder: name, message }: EncoderFailure): RunningState {
  if (name === '' || state.encoder.kind !== 'up' || state.encoder.facts.type !== 'hardware') return state
  return { ...state, excluded: [...state.excluded, { name, reason: `it failed in use: ${message}` }] }
}

type EncoderFailure = Extract<EncoderEvent, { type: 'error' }>

/** Sends an unused offer where there is a relay for it. */
function useOffer(state: RunningState): Step {
  if (state.media.kind !== 'offer' || !state.admitted) return same(state)
  const negotiation = state.negotiation + 1
  return {
    state: { ...state, negotiation, media: { kind: 'offered' } },
    effects: [{ kind: 'send', message: { type: 'offer', negotiation, sdp: state.media.sdp } }],
  }
}

/** Asks for a new offer, unless the encoder is about to make one anyway. */
function renegotiate(state: RunningState): Step {
  const { encoder } = state
  if (encoder.kind !== 'up' || encoder.restarting || !state.admitted) return same(state)
  const failures = state.failedConnections
  return {
    state: {
      ...state,
      encoder: { ...encoder, restarting: true },
      media: { kind: 'none' },
      failedConnections: failures + 1,
    },
    effects: [
      { kind: 'status', state: 'connecting', reason: '' },
      { kind: 'restart-encoder', failures },
    ],
  }
}

function onRestarted(state: RunningState, ok: boolean): Step {
  const { encoder } = state
  if (encoder.kind !== 'up' || !encoder.restarting) return same(state)
  const settled: RunningState = { ...state, encoder: { ...encoder, restarting: false } }
  return ok ? same(settled) : renegotiate(settled)
}

function onConnection(state: RunningState, connection: Extract<EncoderEvent, { type: 'connection' }>['state']): Step {
  const { media } = state
  if (connection === 'connected' && (media.kind === 'answered' || media.kind === 'connected')) {
    return {
      state: { ...state, media: { kind: 'connected' }, everStreamed: true, failedStarts: 0, failedConnections: 0 },
      effects: media.kind === 'connected' ? [] : [{ kind: 'status', state: 'streaming', reason: '' }],
    }
  }
  if (connection === 'failed' && (media.kind === 'answered' || media.kind === 'connected')) return renegotiate(state)
  return same(state)
}

function onAdmitted(state: RunningState): Step {
  const { encoder, media } = state
  const admitted: RunningState = { ...state, admitted: true, holders: {} }
  const facts: Effect[] =
    encoder.kind === 'up' ? [{ kind: 'send', message: { type: 'encoder', encoder: encoder.facts } }] : []
  const step = media.kind === 'none' || media.kind === 'offer' ? useOffer(admitted) : renegotiate(admitted)
  return { state: step.state, effects: [...facts, ...step.effects] }
}

function onRelayLost(state: RunningState, reason: string): Step {
  if (!state.admitted) return same(state)
  const releases = Object.values(state.holders).map(release)
  return {
    state: { ...state, admitted: false, holders: {} },
    effects: [...(state.encoder.kind === 'up' ? releases : []), { kind: 'status', state: 'connecting', reason }],
  }
}

function release(viewer: string): Effect {
  return { kind: 'command', body: { type: 'release', viewer } }
}

function onRelayMessage(state: RunningState, message: RelayToRunner): Step {
  switch (message.type) {
    case 'answer':
      return onAnswer(state, message)
    case 'target-bitrate':
      return { state, effects: [{ kind: 'target', bitrateKbps: message.bitrateKbps, reason: message.reason }] }
    case 'input-stream': {
      const { viewer, channel, streamId } = message
      return toEncoder(state, { type: 'input-stream', viewer, channel, streamId })
    }
    case 'input-stream-closed':
      return toEncoder(state, { type: 'input-stream-closed', streamId: message.streamId })
    case 'seat':
      return onSeat(state, message)
    case 'close':
      return ended({ exitCode: 0, reason: message.reason })
    case 'error':
      return message.final ? ended({ exitCode: 1, reason: message.message, code: message.code }) : same(state)
    case 'admitted':
    case 'heartbeat':
      return same(state)
  }
}

function onAnswer(state: RunningState, { negotiation, sdp }: Extract<RelayToRunner, { type: 'answer' }>): Step {
  if (state.media.kind !== 'offered' || negotiation !== state.negotiation) return same(state)
  return {
    state: { ...state, media: { kind: 'answered' } },
    effects: [
      { kind: 'command', body: { type: 'answer', sdp } },
      { kind: 'await-media', negotiation },
    ],
  }
}

/** Input streams belong to a connection: without one they are made anew by the relay. */
function toEncoder(state: RunningState, body: CommandBody): Step {
  const { media } = state
  const ready = media.kind === 'answered' || media.kind === 'connected'
  return { state, effects: ready ? [{ kind: 'command', body }] : [] }
}

function onSeat(state: RunningState, { seat, holder, connected }: Extract<RelayToRunner, { type: 'seat' }>): Step {
  const before = state.holders[seat]
  const { [seat]: _, ...others } = state.holders
  const holders = holder === null ? others : { ...others, [seat]: holder }
  const gone = before !== undefined && (before !== holder || !connected)
  return { state: { ...state, holders }, effects: gone && state.encoder.kind === 'up' ? [release(before)] : [] }
}

/** Whether a refusal of the relay with this code is for good. */
export function isFinalCode(code: string): boolean {
  return code in ERRORS && !ERRORS[code as keyof typeof ERRORS].retry
}
