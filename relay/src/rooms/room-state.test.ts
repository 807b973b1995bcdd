// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunnerClaims } from '@nestri/protocol'
import { assertGeneration, newRoom, nextRoom, ownerOf, stateOf } from './room-state.ts'
import type { RoomEvent, RoomLife } from './room-state.ts'

function claims(change: Partial<RunnerClaims> = {}): RunnerClaims {
  const base = { use: 'runner', room: 'demo', uid: 'u1', epoch: 3, generation: 1 } as const
  return { ...base, public: true, seats: 2, maxViewers: 10, ...change }
}

function after(...events: RoomEvent[]): RoomLife {
  return events.reduce(nextRoom, newRoom('demo'))
}

const announced = (runner: string, change?: Partial<RunnerClaims>): RoomEvent => ({
  type: 'announced',
  runner,
  claims: claims(change),
})

test('a room waits, is live while media flows, and waits again when the runner is gone', () => {
  assert.equal(stateOf(newRoom('demo')).state, 'waiting')
  const live = after(announced('a'), { type: 'flowing', runner: 'a' })
  assert.deepEqual(stateOf(live), { state: 'live', reason: '' })
  const gone = nextRoom(live, { type: 'runner-gone', runner: 'a', reason: 'it crashed' })
  assert.deepEqual(stateOf(gone), { state: 'waiting', reason: 'it crashed' })
  assert.equal(ownerOf(gone), undefined)
})

test('a runner of the same or a higher epoch takes the room over', () => {
  const live = after(announced('a'), { type: 'flowing', runner: 'a' })
  assert.equal(ownerOf(nextRoom(live, announced('b'))), 'b')
  assert.equal(nextRoom(live, announced('b', { epoch: 4 })).epoch, 4)
})

test('a runner of a lower epoch is refused, also while nobody has the room', () => {
  const gone = after(announced('a'), { type: 'runner-gone', runner: 'a', reason: 'x' })
  for (const life of [after(announced('a')), gone]) {
    assert.throws(() => nextRoom(life, announced('b', { epoch: 2 })), { code: 'ERR_ROOM_TAKEN' })
  }
})

test('a room that was deleted and made again starts its epochs anew when the old runner is gone', () => {
  const held = after(announced('a'))
  const again = announced('b', { uid: 'u2', epoch: 1, generation: 0 })
  assert.throws(() => nextRoom(held, again), { code: 'ERR_ROOM_TAKEN' })
  const life = nextRoom(nextRoom(held, { type: 'runner-gone', runner: 'a', reason: 'x' }), again)
  assert.deepEqual([life.epoch, life.generation, life.uid], [1, 0, 'u2'])
})

test('what a superseded runner says changes nothing', () => {
  const life = after(announced('a'), announced('b'), { type: 'flowing', runner: 'b' })
  for (const event of [
    { type: 'flowing', runner: 'a' },
    { type: 'interrupted', runner: 'a', reason: 'x' },
    { type: 'runner-gone', runner: 'a', reason: 'x' },
    { type: 'renewed', runner: 'a', claims: claims({ generation: 9 }) },
  ] satisfies RoomEvent[]) {
    assert.equal(nextRoom(life, event), life)
  }
})

test('a renewed token raises the generation and never lowers it', () => {
  const life = after(announced('a', { generation: 5 }), {
    type: 'renewed',
    runner: 'a',
    claims: claims({ generation: 7, maxViewers: 3 }),
  })
  assert.deepEqual([life.generation, life.maxViewers], [7, 3])
  const lower = nextRoom(life, { type: 'renewed', runner: 'a', claims: claims({ generation: 1 }) })
  assert.equal(lower.generation, 7)
  const foreign: RoomEvent = { type: 'renewed', runner: 'a', claims: claims({ epoch: 9 }) }
  assert.throws(() => nextRoom(life, foreign), { code: 'ERR_TOKEN_ROOM' })
})

test('invites of an older generation are void, newer ones are not', () => {
  const life = after(announced('a', { generation: 5 }))
  assert.throws(() => assertGeneration(life, 4), { code: 'ERR_TOKEN_GENERATION' })
  assertGeneration(life, 5)
  assertGeneration(life, 6)
})

test('a closed room stays closed', () => {
  const life = after(announced('a'), { type: 'closed', reason: 'over' })
  assert.deepEqual(stateOf(life), { state: 'ended', reason: 'over' })
  assert.throws(() => nextRoom(life, announced('b', { epoch: 9 })), { code: 'ERR_ROOM_CLOSED' })
  assert.equal(nextRoom(life, { type: 'flowing', runner: 'a' }), life)
})
