// SPDX-License-Identifier: Apache-2.0
// What the room list says about one room. Pure.

import type { RoomFacts } from '@nestri/protocol'

export interface RoomWords {
  state: string
  people: string
  picture: string
}

/** Words for a room's card. */
export function roomWords(room: RoomFacts, nowUnixMs: number): RoomWords {
  const free = room.seats.filter((seat) => seat.holder === null).length
  const viewers = room.players + room.spectators
  const people = viewers === 0 ? 'Nobody is here yet' : viewers === 1 ? '1 viewer' : `${viewers} viewers`
  const seats = room.seats.length === 0 ? '' : free === 0 ? ', seat taken' : ', seat free'
  return { state: stateWord(room, nowUnixMs), people: people + seats, picture: pictureWords(room) }
}

function stateWord(room: RoomFacts, nowUnixMs: number): string {
  switch (room.state) {
    case 'live':
      return `Live for ${duration(nowUnixMs - room.sinceUnixMs)}`
    case 'waiting':
      return 'Waiting for the game'
    case 'ended':
      return 'Ended'
  }
}

function pictureWords(room: RoomFacts): string {
  if (room.encoder === null) return room.reason === '' ? 'No picture yet' : room.reason
  const codec = { h264: 'H.264', h265: 'H.265', av1: 'AV1', vp8: 'VP8' }[room.encoder.codec]
  const fps = room.stats === null ? '' : `, ${Math.round(room.stats.framesPerSecond)} fps`
  const by = room.encoder.type === 'hardware' ? 'GPU' : 'CPU'
  return `${codec}${fps}, encoded on the ${by}`
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'less than a minute'
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
