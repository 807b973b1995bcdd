// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SEAT_GRACE_MS } from '@nestri/protocol'
import {
  askSeat,
  connectedHolder,
  expireSeats,
  freeSeats,
  grantSeat,
  joinSeats,
  loseConnection,
  nextExpiryMs,
  releaseSeat,
  resizeSeats,
  seatFactsOf,
  seatOf,
} from './seats.ts'
import type { Seats } from './seats.ts'

const join = (state: Seats, ...viewers: string[]): Seats =>
  viewers.reduce((seats, viewer) => joinSeats(seats, viewer), state)
const holders = (state: Seats): (string | null)[] => seatFactsOf(state).map(({ holder }) => holder)

test('players take free seats as they come, the next ones wait', () => {
  const seats = join(freeSeats(2), 'ann', 'bob', 'cid')
  assert.deepEqual(holders(seats), ['ann', 'bob'])
  assert.deepEqual(seats.waiting, ['cid'])
})

test('a seat that is given up goes to the player that waits longest, not back', () => {
  const seats = releaseSeat(join(freeSeats(1), 'ann', 'bob', 'cid'), 'ann', 0)
  assert.deepEqual(holders(seats), ['bob'])
  assert.deepEqual(holders(releaseSeat(seats, 'bob', 0)), ['cid'])
  assert.deepEqual(holders(releaseSeat(releaseSeat(seats, 'bob', 0), 'cid', 0)), [null])
})

test('a viewer that asked comes before those who wait', () => {
  const asked = askSeat(join(freeSeats(1), 'ann', 'bob', 'cid'), 'cid', 0)
  assert.deepEqual(asked.asks, [{ seat: 0, viewer: 'cid' }])
  assert.deepEqual(holders(releaseSeat(asked, 'ann', 0)), ['cid'])
})

test('the holder hands its seat to whom it wants among those who asked', () => {
  const asked = askSeat(askSeat(join(freeSeats(1), 'ann', 'bob', 'cid'), 'bob', 0), 'cid', 0)
  const granted = grantSeat(asked, 'ann', { seat: 0, to: 'cid' })
  assert.deepEqual(holders(granted), ['cid'])
  assert.deepEqual(granted.asks, [{ seat: 0, viewer: 'bob' }])
  assert.equal(seatOf(granted, 'ann'), undefined)
})

test('nobody can give what is not theirs or to somebody who did not ask', () => {
  const seats = join(freeSeats(1), 'ann', 'bob')
  assert.throws(() => releaseSeat(seats, 'bob', 0), { code: 'ERR_SEAT' })
  assert.throws(() => grantSeat(seats, 'ann', { seat: 0, to: 'bob' }), { code: 'ERR_SEAT' })
  assert.throws(() => grantSeat(askSeat(seats, 'bob', 0), 'bob', { seat: 0, to: 'bob' }), { code: 'ERR_SEAT' })
  assert.throws(() => askSeat(seats, 'bob', 7), { code: 'ERR_SEAT' })
})

test('a free seat that is asked for is given at once, and the one held before goes on', () => {
  const seats = join(freeSeats(2), 'ann')
  const moved = askSeat(join(seats), 'ann', 1)
  assert.deepEqual(holders(moved), [null, 'ann'])
  const third = releaseSeat(join(freeSeats(2), 'ann', 'bob', 'cid'), 'bob', 1)
  assert.deepEqual(holders(third), ['ann', 'cid'])
})

test('a lost connection keeps the seat for its grace time', () => {
  const lost = loseConnection(join(freeSeats(1), 'ann', 'bob'), 'ann', 1_000)
  assert.deepEqual(seatFactsOf(lost), [{ seat: 0, holder: 'ann', connected: false }])
  assert.equal(connectedHolder(lost, 0), undefined)
  assert.equal(nextExpiryMs(lost), 1_000 + SEAT_GRACE_MS)
  const back = joinSeats(lost, 'ann')
  assert.deepEqual(seatFactsOf(back), [{ seat: 0, holder: 'ann', connected: true }])
  assert.equal(nextExpiryMs(back), undefined)
})

test('a seat whose holder does not come back goes to the next', () => {
  const lost = loseConnection(join(freeSeats(1), 'ann', 'bob'), 'ann', 1_000)
  assert.equal(expireSeats(lost, 1_000 + SEAT_GRACE_MS - 1), lost)
  assert.deepEqual(holders(expireSeats(lost, 1_000 + SEAT_GRACE_MS)), ['bob'])
})

test('who leaves no longer waits or asks', () => {
  const asked = askSeat(join(freeSeats(1), 'ann', 'bob'), 'bob', 0)
  const left = loseConnection(asked, 'bob', 0)
  assert.deepEqual([left.asks, left.waiting], [[], []])
})

test('a token from before a restart wins against a player that found the seat free', () => {
  const claim = { seat: 0, fromEarlierLife: true }
  const taken = joinSeats(join(freeSeats(1), 'bob'), 'ann', claim)
  assert.deepEqual(holders(taken), ['ann'])
  assert.deepEqual(taken.waiting, ['bob'])
  const again = joinSeats(taken, 'cid', claim)
  assert.deepEqual(holders(again), ['ann'], 'but not against another claim')
})

test('a token of this life of the room does not take a seat that was given on', () => {
  const seats = joinSeats(join(freeSeats(1), 'bob'), 'ann', { seat: 0, fromEarlierLife: false })
  assert.deepEqual(holders(seats), ['bob'])
})

test('a room that gets fewer seats lets their holders wait, more seats let them in', () => {
  const fewer = resizeSeats(join(freeSeats(2), 'ann', 'bob'), 1)
  assert.deepEqual([holders(fewer), fewer.waiting], [['ann'], ['bob']])
  assert.deepEqual(holders(resizeSeats(fewer, 3)), ['ann', 'bob', null])
})
