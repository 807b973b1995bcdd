// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEALTHY_MS, initialState, MAX_EARLY_FAILURES, next, nextTickMs, roomRules } from './plan.ts'
import type { RoomEffect, RoomEvent, RoomParts, RoomState, StepId } from './plan.ts'

const EVERYTHING: RoomParts = { desktop: true, audio: true, game: true }

/** A room that is told events and tells its effects as words: `start desktop`. */
class Room {
  state: RoomState
  nowMs = 0

  constructor(parts: RoomParts = EVERYTHING) {
    this.state = initialState(roomRules(parts))
  }

  tell(event: RoomEvent): string[] {
    const { state, effects } = next(this.state, event, this.nowMs, 0.999999)
    this.state = state
    return effects.map(words)
  }

  ready(step: StepId): string[] {
    return this.tell({ type: 'ready', step })
  }

  ended(step: StepId, fatal = false): string[] {
    return this.tell({ type: 'ended', step, fatal })
  }

  /** Lets the time pass to the next tick. */
  tick(): string[] {
    this.nowMs = nextTickMs(this.state) ?? this.nowMs
    return this.tell({ type: 'tick' })
  }

  kinds(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.state.steps).map(([id, step]) => [id, step.kind]))
  }
}

function words(effect: RoomEffect): string {
  if (effect.type === 'done') return 'done'
  return effect.type === 'retry' ? `retry ${effect.step} ${effect.waitMs}` : `${effect.type} ${effect.step}`
}

function aRunningRoom(parts: RoomParts = EVERYTHING): Room {
  const room = new Room(parts)
  room.tell({ type: 'begin' })
  for (const { id } of room.state.rules) room.ready(id)
  return room
}

test('each step starts when the one before is ready', () => {
  const room = new Room()
  assert.deepEqual(room.tell({ type: 'begin' }), ['start desktop'])
  assert.deepEqual(room.ready('desktop'), ['start audio'])
  assert.deepEqual(room.ready('audio'), ['start streamer'])
  assert.deepEqual(room.ready('streamer'), ['start game'])
  assert.deepEqual(room.ready('game'), [])
})

test('a test picture needs neither a desktop nor a game', () => {
  const room = new Room({ desktop: false, audio: false, game: false })
  assert.deepEqual(room.tell({ type: 'begin' }), ['start streamer'])
  assert.deepEqual(room.ready('streamer'), [])
})

test('a game without sound waits for desktop and streamer alone', () => {
  const room = new Room({ desktop: true, audio: false, game: true })
  assert.deepEqual(room.tell({ type: 'begin' }), ['start desktop'])
  assert.deepEqual(room.ready('desktop'), ['start streamer'])
  assert.deepEqual(room.ready('streamer'), ['start game'])
})

test('a streamer that ends is started again and the game goes on', () => {
  const room = aRunningRoom()
  assert.deepEqual(room.ended('streamer'), ['retry streamer 500'])
  assert.equal(room.kinds()['game'], 'ready')
  assert.deepEqual(room.tick(), ['start streamer'])
  assert.deepEqual(room.ready('streamer'), [])
})

test('a game that ends is started again and nothing else', () => {
  const room = aRunningRoom()
  assert.deepEqual(room.ended('game'), ['retry game 500'])
  assert.deepEqual(room.tick(), ['start game'])
})

test('a game comes back although the streamer is away at that moment', () => {
  const room = aRunningRoom()
  room.ended('streamer')
  room.ended('game')
  assert.deepEqual(room.tick().toSorted(), ['start game', 'start streamer'])
})

for (const step of ['desktop', 'audio'] as const) {
  test(`${step} that ends takes streamer and game with it, and they come back after it`, () => {
    const room = aRunningRoom()
    assert.deepEqual(room.ended(step), [`retry ${step} 500`, 'stop game', 'stop streamer'])
    assert.deepEqual(room.ended('game'), [])
    assert.deepEqual(room.tick(), [], 'the old streamer still runs')
    assert.deepEqual(room.ended('streamer'), [`start ${step}`])
    assert.deepEqual(room.ready(step).toSorted(), ['start game', 'start streamer'])
    assert.equal(room.kinds()[step === 'desktop' ? 'audio' : 'desktop'], 'ready')
  })
}

test('the waits double from 500 ms to 30 s', () => {
  const room = aRunningRoom()
  const waits: string[] = []
  for (let i = 0; i < 9; i++) {
    waits.push(...room.ended('game'))
    room.tick()
  }
  assert.deepEqual(
    waits.map((text) => Number(text.split(' ')[2])),
    [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000],
  )
})

test('a minute of health makes the next wait short again', () => {
  const room = aRunningRoom()
  for (let i = 0; i < 4; i++) {
    room.ended('game')
    room.tick()
  }
  room.ready('game')
  room.nowMs += HEALTHY_MS - 1
  assert.deepEqual(room.ended('game'), ['retry game 8000'])
  room.tick()
  room.ready('game')
  room.nowMs += HEALTHY_MS
  assert.deepEqual(room.ended('game'), ['retry game 500'])
})

test('a step that never worked is given up after a few failures, one that has worked never is', () => {
  const room = new Room()
  room.tell({ type: 'begin' })
  for (let i = 1; i < MAX_EARLY_FAILURES; i++) {
    assert.match(room.ended('desktop').join(), /^retry desktop/)
    room.tick()
  }
  assert.deepEqual(room.ended('desktop'), ['give-up desktop', 'done'])

  const running = aRunningRoom()
  for (let i = 0; i < 20; i++) {
    assert.match(running.ended('game').join(), /^retry game/)
    running.tick()
  }
})

test('an end that nothing can heal ends the room in order', () => {
  const room = aRunningRoom()
  assert.deepEqual(room.ended('streamer', true), ['give-up streamer', 'stop game'])
  assert.deepEqual(room.ended('game'), ['stop audio'])
  assert.deepEqual(room.ended('audio'), ['stop desktop'])
  assert.deepEqual(room.ended('desktop'), ['done'])
})

test('the room ends in reverse order, one step after the other', () => {
  const room = aRunningRoom()
  assert.deepEqual(room.tell({ type: 'end' }), ['stop game'])
  assert.deepEqual(room.ended('game'), ['stop streamer'])
  assert.deepEqual(room.ended('streamer'), ['stop audio'])
  assert.deepEqual(room.ended('audio'), ['stop desktop'])
  assert.deepEqual(room.ended('desktop'), ['done'])
})

test('a room can end at any moment of its start', () => {
  const room = new Room()
  assert.deepEqual(room.tell({ type: 'end' }), ['done'])

  const starting = new Room()
  starting.tell({ type: 'begin' })
  starting.ready('desktop')
  assert.deepEqual(starting.tell({ type: 'end' }), ['stop audio'])
  assert.deepEqual(starting.ready('audio'), [], 'too late')
  assert.deepEqual(starting.ended('audio'), ['stop desktop'])
  assert.deepEqual(starting.ended('desktop'), ['done'])
})

test('a room that ends starts nothing again', () => {
  const room = aRunningRoom()
  room.ended('game')
  assert.deepEqual(room.tell({ type: 'end' }), ['stop streamer'])
  assert.equal(nextTickMs(room.state), undefined)
  assert.deepEqual(room.ended('desktop'), [])
  assert.deepEqual(room.ended('streamer'), ['stop audio'])
  assert.deepEqual(room.ended('audio'), ['done'])
})
