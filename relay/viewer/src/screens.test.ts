// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS } from '@nestri/protocol'
import type { Connection } from './connection.ts'
import { type Screen, type ScreenInput, screenOf } from './screens.ts'

const JOINED: Connection = { kind: 'joined', attempt: 0, sinceMs: 0 }

/** A room that plays. */
function input(changes: Partial<ScreenInput> = {}): ScreenInput {
  return {
    room: 'doom',
    connection: JOINED,
    roomState: { state: 'live', reason: '' },
    media: { kind: 'connected' },
    picture: 'moving',
    started: true,
    online: true,
    nowMs: 10_000,
    ...changes,
  }
}

function refused(code: string): Screen {
  const info = ERRORS[code as keyof typeof ERRORS]
  const refusal = { code, message: info.message, hint: info.hint }
  return screenOf(input({ connection: { kind: 'refused', refusal }, picture: 'none' }))
}

test('a playing room shows nothing but the game', () => {
  const screen = screenOf(input())
  assert.equal(screen.kind, 'playing')
  assert.equal(screen.cover, 'none')
})

test('before the first click there is a muted preview with a play button', () => {
  const screen = screenOf(input({ started: false }))
  assert.equal(screen.kind, 'preview')
  assert.deepEqual(
    screen.actions.map(({ action }) => action),
    ['play'],
  )
})

test('a room without a runner says what will happen, with the reason of the relay', () => {
  const roomState = { state: 'waiting', reason: 'no node with a GPU is free' } as const
  const screen = screenOf(input({ roomState, media: { kind: 'none' }, picture: 'none' }))
  assert.equal(screen.kind, 'waiting')
  assert.match(screen.text, /by itself/)
  assert.equal(screen.hint, 'No node with a GPU is free.')
})

test('a runner that is lost keeps the last picture under the words', () => {
  const screen = screenOf(input({ roomState: { state: 'waiting', reason: 'the runner is gone' }, picture: 'frozen' }))
  assert.equal(screen.kind, 'interrupted')
  assert.equal(screen.cover, 'veil')
})

test('an ended room offers the list, whichever way its end was told', () => {
  const byState = screenOf(input({ roomState: { state: 'ended', reason: 'the host closed it' } }))
  const byConnection = screenOf(input({ connection: { kind: 'finished' } }))
  for (const screen of [byState, byConnection]) {
    assert.equal(screen.kind, 'ended')
    assert.ok(screen.actions.some(({ action }) => action === 'rooms'))
  }
  assert.equal(byState.text, 'The host closed it.')
})

test('every code that the relay can refuse with has a title, the sentence, the hint and the code', () => {
  for (const code of Object.keys(ERRORS)) {
    if (code === 'ERR_CODEC' || code === 'ERR_SUPERSEDED') continue
    const screen = refused(code)
    assert.equal(screen.kind, 'refused', code)
    assert.ok(screen.title.length > 0 && screen.text.length > 0 && screen.hint.length > 0, code)
    assert.equal(screen.code, code)
    assert.ok(screen.actions.length > 0, code)
  }
})

test('a tab that was superseded can take the seat back', () => {
  const screen = refused('ERR_SUPERSEDED')
  assert.equal(screen.tone, 'calm')
  assert.deepEqual(screen.actions[0], { action: 'retry', label: 'Use this tab' })
})

test('a page that is out of date is reloaded, not tried again', () => {
  assert.equal(refused('ERR_PROTOCOL_VERSION').actions[0]?.action, 'reload')
})

test('a short loss is a small notice over a picture that goes on', () => {
  const connection: Connection = { kind: 'waiting', attempt: 2, untilMs: 10_250 }
  assert.equal(screenOf(input({ connection })).cover, 'notice')
})

test('a long loss counts down and says that the place is kept', () => {
  const connection: Connection = { kind: 'waiting', attempt: 6, untilMs: 13_200 }
  const screen = screenOf(input({ connection, picture: 'frozen' }))
  assert.equal(screen.kind, 'reconnecting')
  assert.equal(screen.cover, 'veil')
  assert.match(screen.text, /in 4 s.*place is kept/)
})

test('while frames still come a lost socket does not hide them', () => {
  const connection: Connection = { kind: 'waiting', attempt: 9, untilMs: 13_000 }
  assert.equal(screenOf(input({ connection, picture: 'moving' })).cover, 'notice')
})

test('a device without a network is told so', () => {
  const connection: Connection = { kind: 'waiting', attempt: 5, untilMs: 13_000 }
  assert.match(screenOf(input({ connection, picture: 'none', online: false })).title, /offline/)
})

test('a full room says why it waits and when it asks again', () => {
  const refusal = { code: 'ERR_ROOM_FULL', message: 'room doom already has its 8 viewers', hint: 'Try later.' }
  const connection: Connection = { kind: 'waiting', attempt: 1, untilMs: 15_000, refusal }
  const screen = screenOf(input({ connection, picture: 'none' }))
  assert.equal(screen.title, 'The room is full')
  assert.equal(screen.text, 'Room doom already has its 8 viewers. Next try in 5 s.')
})

test('a blocked path is told apart from a relay that does not answer', () => {
  const screen = screenOf(input({ media: { kind: 'no-path', untilMs: 12_000 }, picture: 'none' }))
  assert.equal(screen.kind, 'no-path')
  assert.match(screen.hint, /UDP/)
})

test('a browser without the decoder is named with the codec', () => {
  const screen = screenOf(input({ media: { kind: 'undecodable', codec: 'H264' }, picture: 'none' }))
  assert.equal(screen.kind, 'undecodable')
  assert.match(screen.title, /H264/)
})

test('a picture that stands still is said without hiding it', () => {
  const screen = screenOf(input({ picture: 'frozen' }))
  assert.equal(screen.kind, 'stalled')
  assert.equal(screen.cover, 'notice')
})

test('every combination of states has a title', () => {
  const connections: Connection[] = [
    JOINED,
    { kind: 'dialing', attempt: 0, resume: false },
    { kind: 'dialing', attempt: 4, resume: true },
    { kind: 'waiting', attempt: 5, untilMs: 0 },
    { kind: 'finished' },
    { kind: 'refused', refusal: { code: 'ERR_NEW', message: 'x', hint: '' } },
  ]
  const medias: ScreenInput['media'][] = [
    { kind: 'none' },
    { kind: 'connecting' },
    { kind: 'connected' },
    { kind: 'no-path', untilMs: 0 },
    { kind: 'undecodable', codec: 'AV1' },
  ]
  const states: ScreenInput['roomState'][] = [
    undefined,
    { state: 'waiting', reason: '' },
    { state: 'live', reason: '' },
    { state: 'ended', reason: '' },
  ]
  for (const connection of connections) {
    for (const media of medias) {
      for (const roomState of states) {
        for (const picture of ['none', 'frozen', 'moving'] as const) {
          for (const started of [false, true]) {
            const screen = screenOf(input({ connection, media, roomState, picture, started }))
            assert.notEqual(screen.title, '')
            assert.ok(screen.cover !== 'none' || screen.kind === 'playing' || screen.kind === 'preview')
          }
        }
      }
    }
  }
})
