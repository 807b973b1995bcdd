// SPDX-License-Identifier: Apache-2.0
// What a user is told about a running room: one short line per change, from the relay's facts. Pure.

import type { RoomFacts } from '@nestri/protocol'

/** Lines for the change from `before` to `after`; undefined = the relay does not know the room. */
export function statusLines(before: RoomFacts | undefined, after: RoomFacts | undefined): string[] {
  if (after === undefined) return before?.state === 'live' ? ['the room is gone from the relay'] : []
  return [...stateLines(before, after), ...peopleLines(before, after), ...encoderLines(before, after)]
}

function stateLines(before: RoomFacts | undefined, { state, reason }: RoomFacts): string[] {
  if (before === undefined || (before.state === state && before.reason === reason)) return []
  if (state === 'live') return before.state === 'live' ? [] : ['the room is live again']
  return [reason === '' ? `the room is ${state}` : `the room is ${state}: ${reason}`]
}

function peopleLines(before: RoomFacts | undefined, after: RoomFacts): string[] {
  const is = people(after)
  return is === people(before) ? [] : [is]
}

function encoderLines(before: RoomFacts | undefined, after: RoomFacts): string[] {
  const reason = after.encoder?.fallbackReason ?? ''
  return reason === '' || reason === before?.encoder?.fallbackReason ? [] : [`encoder: ${reason}`]
}

/** `1 player, 2 spectators`. */
function people(facts: RoomFacts | undefined): string {
  const { players, spectators } = facts ?? { players: 0, spectators: 0 }
  if (players + spectators === 0) return 'nobody is watching'
  return [count(players, 'player'), count(spectators, 'spectator')].filter((text) => text !== '').join(', ')
}

function count(number: number, word: string): string {
  return number === 0 ? '' : `${number} ${word}${number === 1 ? '' : 's'}`
}
