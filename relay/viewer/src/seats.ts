// SPDX-License-Identifier: Apache-2.0
// Who plays, and what this viewer can do about it. Pure: the relay's `seats` message in, words and offers out. The
// relay enforces the seat; the page only keeps from sending what would be thrown away.

import type { Role, SeatFacts } from '@nestri/protocol'
import { viewerName } from './viewer-name.ts'

/** The relay's `seats` message, and who we are. */
export interface SeatView {
  viewer: string | undefined
  role: Role | undefined
  /** The device is too small to play on. */
  viewOnly: boolean
  seats: readonly SeatFacts[]
  asks: readonly { seat: number; viewer: string }[]
}

/** A viewer who asks the holder for a seat. */
export interface SeatRequest {
  seat: number
  viewer: string
  name: string
}

/** What the seat bar shows. */
export interface SeatOffer {
  /** The seat that we hold. */
  mine: number | undefined
  /** The seat that the button asks for, and whether it is free; undefined where there is nothing to ask for. */
  ask: { seat: number; free: boolean } | undefined
  /** We asked and wait for the holder. */
  asked: boolean
  /** One sentence: who plays. */
  text: string
  /** Requests for our seat that we may answer. */
  requests: readonly SeatRequest[]
}

/** Decides what the seat bar shows. */
export function seatOffer(view: SeatView): SeatOffer {
  const { viewer, seats, asks } = view
  const mine = viewer === undefined ? undefined : seats.find((seat) => seat.holder === viewer)?.seat
  const asked = asks.some((ask) => ask.viewer === viewer)
  const free = seats.find((seat) => seat.holder === null)
  const mayAsk = view.role === 'player' && mine === undefined && !asked && !view.viewOnly
  const wanted = free ?? seats[0]
  return {
    mine,
    ask: mayAsk && wanted !== undefined ? { seat: wanted.seat, free: wanted === free } : undefined,
    asked: asked && mine === undefined,
    text: seatText(view, mine, asked),
    requests: asks
      .filter((ask) => ask.seat === mine && ask.viewer !== viewer)
      .map((ask) => ({ ...ask, name: viewerName(ask.viewer) })),
  }
}

function seatText(view: SeatView, mine: number | undefined, asked: boolean): string {
  const { seats } = view
  if (seats.length === 0) return ''
  const others = seats.filter((seat) => seat.holder !== null && seat.seat !== mine)
  const free = seats.filter((seat) => seat.holder === null).length
  if (mine !== undefined) {
    const playing = seats.length > 1 ? `You play in seat ${mine + 1}` : 'You play'
    return others.length === 0 ? playing : `${playing}, with ${holders(others)}`
  }
  if (others.length === 0) {
    return view.role === 'player' && !view.viewOnly ? 'The seat is free' : 'Nobody plays at the moment'
  }
  const playing = `${holders(others)} ${others.length === 1 ? 'plays' : 'play'}`
  if (asked) return `${playing}; you asked for the seat`
  return free > 0 && view.role === 'player' && !view.viewOnly ? `${playing}; a seat is free` : playing
}

function holders(seats: readonly SeatFacts[]): string {
  const names = seats.map((seat) => {
    const name = viewerName(seat.holder ?? '')
    return seat.connected ? name : `${name} (connection lost)`
  })
  const last = names.pop() ?? ''
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`
}
