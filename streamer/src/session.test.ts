// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RelayToRunner } from '@nestri/protocol'
import { MAX_FAILED_STARTS, next, startSession } from './session.ts'
import type { Effect, SessionEvent, SessionState } from './session.ts'

const FACTS = {
  name: 'x264enc',
  codec: 'h264',
  type: 'software',
  memory: 'system',
  fallbackReason: '',
  rejected: [],
} as const

const STARTED: SessionEvent = {
  type: 'encoder-started',
  started: { encoder: { ...FACTS, rejected: [] }, missing: [], liveBitrate: 'smooth' },
}
const ADMITTED: SessionEvent = { type: 'admitted' }

function offer(sdp: string): SessionEvent {
  return { type: 'encoder-event', event: { type: 'offer', sdp } }
}

function connection(state: 'connected' | 'disconnected' | 'failed'): SessionEvent {
  return { type: 'encoder-event', event: { type: 'connection', state } }
}

function relay(message: RelayToRunner): SessionEvent {
  return { type: 'relay-message', message }
}

function answer(negotiation: number): SessionEvent {
  return relay({ type: 'answer', negotiation, sdp: 'answer' })
}

const STREAMING: readonly SessionEvent[] = [STARTED, offer('one'), ADMITTED, answer(1), connection('connected')]

/** Runs events from the start and gives the last state, and the effects of the last event. */
function run(...events: readonly SessionEvent[]): { state: SessionState; effects: readonly Effect[] } {
  let step = startSession()
  for (const event of events) step = { ...next(step.state, event) }
  return step
}

/** Effects as short texts. */
function told(effects: readonly Effect[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'send':
        return `send ${effect.message.type}`
      case 'command':
        return `command ${effect.body.type}`
      case 'status':
        return `status ${effect.state}`
      case 'start-encoder':
      case 'restart-encoder':
        return `${effect.kind} ${effect.failures}`
      case 'end':
        return `end ${effect.end.exitCode}`
      case 'target':
      case 'await-media':
        return effect.kind
    }
  })
}

test('a session starts by starting the encoder', () => {
  assert.deepEqual(told(startSession().effects), ['status starting', 'start-encoder 0'])
})

test('an offer waits for the relay, and the relay for an offer', () => {
  assert.deepEqual(told(run(STARTED, offer('one')).effects), [])
  assert.deepEqual(told(run(STARTED, offer('one'), ADMITTED).effects), ['send encoder', 'send offer'])
  assert.deepEqual(told(run(ADMITTED, STARTED).effects), ['status connecting', 'send encoder'])
  assert.deepEqual(told(run(ADMITTED, STARTED, offer('one')).effects), ['send offer'])
})

test('an answer goes to the encoder, and media that flows is streaming', () => {
  assert.deepEqual(told(run(STARTED, offer('one'), ADMITTED, answer(1)).effects), ['command answer', 'await-media'])
  assert.deepEqual(told(run(...STREAMING).effects), ['status streaming'])
})

test('an answer to another negotiation is ignored', () => {
  assert.deepEqual(told(run(STARTED, offer('one'), ADMITTED, answer(2)).effects), [])
})

test('a relay that comes back gets a new offer while the encoder process goes on', () => {
  const lost: SessionEvent = { type: 'relay-lost', reason: 'gone' }
  assert.deepEqual(told(run(...STREAMING, lost).effects), ['status connecting'])
  assert.deepEqual(told(run(...STREAMING, lost, ADMITTED).effects), [
    'send encoder',
    'status connecting',
    'restart-encoder 0',
  ])
  const { state, effects } = run(...STREAMING, lost, ADMITTED, offer('two'), { type: 'restarted', ok: true })
  assert.deepEqual(told(effects), [])
  const step = next(state, answer(2))
  assert.deepEqual(told(step.effects), ['command answer', 'await-media'])
})

test('an offer made while the relay was away is used when it comes back', () => {
  const lost: SessionEvent = { type: 'relay-lost', reason: 'gone' }
  const { effects } = run(STARTED, ADMITTED, lost, offer('one'), ADMITTED)
  assert.deepEqual(told(effects), ['send encoder', 'send offer'])
})

test('attempts that fail before the relay admits us tell nothing new', () => {
  assert.deepEqual(told(run(STARTED, { type: 'relay-lost', reason: 'refused' }).effects), [])
})

test('a media connection that fails is made anew, later each time, and never twice at once', () => {
  assert.deepEqual(told(run(...STREAMING, connection('disconnected')).effects), [])
  const failed = run(...STREAMING, connection('failed'))
  assert.deepEqual(told(failed.effects), ['status connecting', 'restart-encoder 0'])
  assert.deepEqual(told(next(failed.state, connection('failed')).effects), [])
  const again = run(...STREAMING, connection('failed'), offer('two'), { type: 'restarted', ok: true }, answer(2), {
    type: 'media-timeout',
    negotiation: 2,
  })
  assert.deepEqual(told(again.effects), ['status connecting', 'restart-encoder 1'])
})

test('a time-out of an earlier negotiation, or of one that connected, changes nothing', () => {
  assert.deepEqual(told(run(...STREAMING, { type: 'media-timeout', negotiation: 1 }).effects), [])
})

test('a crash of the encoder is told to viewers and it is started again', () => {
  const { effects } = run(...STREAMING, { type: 'encoder-ended', reason: 'signal SIGSEGV', crashed: true })
  assert.deepEqual(told(effects), ['status starting', 'send interrupted', 'start-encoder 1'])
})

test('a session that never streamed gives up after some failed starts, one that did does not', () => {
  const crash: SessionEvent = { type: 'encoder-ended', reason: 'signal SIGSEGV', crashed: true }
  const never = run(...Array.from({ length: MAX_FAILED_STARTS }, () => crash))
  assert.equal(never.state.kind, 'stopped')
  assert.deepEqual(told(never.effects), ['status stopped', 'send bye', 'end 1'])
  const streamed = run(...STREAMING, ...Array.from({ length: 20 }, () => crash))
  assert.deepEqual(told(streamed.effects), ['status starting', 'send interrupted', 'start-encoder 20'])
})

test('an encoder in which the process died while it was probed is left out of the next start', () => {
  const { effects } = run(
    { type: 'encoder-event', event: { type: 'probing', name: 'nvh264enc (CUDAMemory)' } },
    { type: 'encoder-ended', reason: 'signal SIGSEGV', crashed: true },
  )
  const start = effects.find((effect) => effect.kind === 'start-encoder')
  assert.deepEqual(start?.excluded, [{ name: 'nvh264enc (CUDAMemory)', reason: 'the process died: signal SIGSEGV' }])
  assert.equal(start?.failures, 0)
})

test('an encoder whose process was killed while it was probed is not blamed', () => {
  const { effects } = run(
    { type: 'encoder-event', event: { type: 'probing', name: 'x264enc' } },
    { type: 'encoder-ended', reason: 'signal SIGKILL', crashed: false },
  )
  const start = effects.find((effect) => effect.kind === 'start-encoder')
  assert.deepEqual(start?.excluded, [])
})

test('a hardware encoder that fails in use is left out of the next start, software is tried again', () => {
  const failed: SessionEvent = {
    type: 'encoder-event',
    event: { type: 'error', code: 'ERR_PIPELINE', message: 'out of sessions', encoder: 'nvh264enc (system)' },
  }
  const gone: SessionEvent = { type: 'encoder-ended', reason: 'exit code 1', crashed: false }
  const excludedOf = (effects: readonly Effect[]): unknown =>
    effects.find((effect) => effect.kind === 'start-encoder')?.excluded
  const hardware: SessionEvent = {
    type: 'encoder-started',
    started: { encoder: { ...FACTS, type: 'hardware', rejected: [] }, missing: [], liveBitrate: 'smooth' },
  }
  assert.deepEqual(excludedOf(run(hardware, failed, gone).effects), [
    { name: 'nvh264enc (system)', reason: 'it failed in use: out of sessions' },
  ])
  assert.deepEqual(excludedOf(run(STARTED, failed, gone).effects), [])
})

test('no encoder and no addon are given up at once with their code', () => {
  for (const code of ['ERR_ENCODER_UNAVAILABLE', 'ERR_ADDON']) {
    const { effects } = run({ type: 'encoder-refused', code, message: 'words' })
    assert.deepEqual(effects.at(-1), { kind: 'end', end: { exitCode: 1, reason: 'words', code } })
  }
  const capture = run({ type: 'encoder-refused', code: 'ERR_CAPTURE', message: 'words' })
  assert.deepEqual(told(capture.effects), ['status starting', 'send interrupted', 'start-encoder 1'])
})

test('a closed room ends with 0, a final refusal with 1 and its words, another error is only told', () => {
  assert.deepEqual(told(run(...STREAMING, relay({ type: 'close', reason: 'bye' })).effects), [
    'status stopped',
    'send bye',
    'end 0',
  ])
  const refusal = { type: 'error', code: 'ERR_ROOM_TAKEN', message: 'words', hint: '', final: true } as const
  assert.deepEqual(run(relay(refusal)).effects.at(-1), {
    kind: 'end',
    end: { exitCode: 1, reason: 'words', code: 'ERR_ROOM_TAKEN' },
  })
  assert.deepEqual(told(run(...STREAMING, relay({ ...refusal, final: false })).effects), [])
})

test('input streams reach the encoder only over a connection', () => {
  const stream = relay({ type: 'input-stream', viewer: 'v', channel: 'input', streamId: 2 })
  assert.deepEqual(told(run(STARTED, offer('one'), ADMITTED, stream).effects), [])
  assert.deepEqual(told(run(STARTED, offer('one'), ADMITTED, answer(1), stream).effects), ['command input-stream'])
  assert.deepEqual(told(run(...STREAMING, relay({ type: 'input-stream-closed', viewer: 'v', streamId: 2 })).effects), [
    'command input-stream-closed',
  ])
})

test('what a seat holds down is released when its holder changes, is lost, or the relay is lost', () => {
  const held = relay({ type: 'seat', seat: 0, holder: 'ann', connected: true })
  assert.deepEqual(told(run(...STREAMING, held).effects), [])
  const releasesAnn = (effects: readonly Effect[]): void => {
    assert.deepEqual(
      effects.filter(({ kind }) => kind === 'command'),
      [{ kind: 'command', body: { type: 'release', viewer: 'ann' } }],
    )
  }
  releasesAnn(run(...STREAMING, held, relay({ type: 'seat', seat: 0, holder: 'bob', connected: true })).effects)
  releasesAnn(run(...STREAMING, held, relay({ type: 'seat', seat: 0, holder: null, connected: false })).effects)
  releasesAnn(run(...STREAMING, held, relay({ type: 'seat', seat: 0, holder: 'ann', connected: false })).effects)
  releasesAnn(run(...STREAMING, held, { type: 'relay-lost', reason: 'gone' }).effects)
})

test('viewers are told about a stall at its second rung', () => {
  const stall = (attempt: number): SessionEvent => ({
    type: 'encoder-event',
    event: { type: 'video-stall', stage: 'source', stalledMs: 2_500 * attempt, attempt },
  })
  assert.deepEqual(told(run(...STREAMING, stall(1)).effects), [])
  assert.deepEqual(told(run(...STREAMING, stall(2)).effects), ['send interrupted'])
})

test('a stopped session reacts to nothing', () => {
  const { state } = run({ type: 'stop', reason: 'asked' })
  assert.deepEqual(next(state, STARTED), { state: { kind: 'stopped' }, effects: [] })
})
