// SPDX-License-Identifier: Apache-2.0
// What a user is told about a running room: one short line per change, from the relay's facts. Pure.

import type { RoomFacts } from '@nestri/protocol'

/** Lines for the change from `before` to `after`; undefined = the relay does not know the room. */
export function statusLines(before: RoomFacts | undefined, after: RoomFacts | undefined): string[] {
  if (after === undefined) return before?.state === 'live' ? ['the room is gone from the relay'] : []
  const lines: string[] = []
  if (after.state !== before?.state || after.reason !== before.reason) {
    if (after.state === 'live' && before !== undefined && before.state !== 'live') lines.push('the room is live again')
    if (after.state !== 'live' && before !== undefined) {
      lines.push(after.reason === '' ? `the room is ${after.state}` : `the room is ${after.state}: ${after.reason}`)
    }
  }
  const [was, is] = [people(before), people(after)]
  if (was !== is) lines.push(is)
  const fallback = after.encoder?.fallbackReason ?? ''
  if (fallback !== '' && fallback !== before?.encoder?.fallbackReason) lines.push(`encoder: ${fallback}`)
  return lines
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
