// SPDX-License-Identifier: Apache-2.0
// The numbered seats of a room: who may send input. Pure: each function gives the seats after an event. A viewer holds at
// most one seat; a lost connection keeps it for a while; who waits gets what becomes free, those who asked first.

import { NestriError, SEAT_GRACE_MS } from '@nestri/protocol'
import type { SeatFacts } from '@nestri/protocol'

interface Seat {
  holder: string | null
  /** When the reservation of a lost holder ends, in monotonic ms; null while it is connected. */
  reservedUntilMs: number | null
  /** Given because it was free, not asked for, granted or claimed with a token. */
  automatic: boolean
}

export interface Seats {
  readonly seats: readonly Seat[]
  /** Viewers that asked the holder of a seat for it, in order. */
  readonly asks: readonly { seat: number; viewer: string }[]
  /** Connected players without a seat that would take a free one, in order of arrival. */
  readonly waiting: readonly string[]
}

/** A place that a viewer had on an earlier connection. */
export interface SeatClaim {
  seat: number
  /** The claim is from an earlier life of this room's record (a relay that was restarted). */
  fromEarlierLife: boolean
}

/** More asks than this are forgotten, oldest first. */
const MAX_ASKS = 64

const FREE: Seat = { holder: null, reservedUntilMs: null, automatic: true }

/** `count` free seats. */
export function freeSeats(count: number): Seats {
  return { seats: Array.from({ length: count }, () => FREE), asks: [], waiting: [] }
}

/** The same seats, more or fewer of them. Holders of seats that go wait for another one. */
export function resizeSeats(state: Seats, count: number): Seats {
  const seats = Array.from({ length: count }, (_, index) => state.seats[index] ?? FREE)
  const dropped = state.seats.slice(count).flatMap(({ holder }) => (holder === null ? [] : [holder]))
  const asks = state.asks.filter(({ seat }) => seat < count)
  return fill({ seats, asks, waiting: [...dropped, ...state.waiting] })
}

/** A player is here: it gets its own seat back, else the one it claims, else a free one, else it waits. */
export function joinSeats(state: Seats, viewer: string, claim?: SeatClaim): Seats {
  const own = seatOf(state, viewer)
  if (own !== undefined) return put(state, own, { holder: viewer, reservedUntilMs: null, automatic: false })
  const claimed = claim === undefined ? undefined : state.seats[claim.seat]
  if (claim !== undefined && claimed !== undefined) {
    const taken: Seat = { holder: viewer, reservedUntilMs: null, automatic: false }
    if (claimed.holder === null) return put(state, claim.seat, taken)
    // After a restart the first to come back must not sit in another one's seat for good.
    if (claim.fromEarlierLife && claimed.automatic) {
      const after = put(state, claim.seat, taken)
      return fill({ ...after, waiting: [claimed.holder, ...after.waiting] })
    }
  }
  return fill({ ...state, waiting: [...without(state.waiting, viewer), viewer] })
}

/** A player's connection is lost: its seat is kept until `SEAT_GRACE_MS` from `nowMs`. */
export function loseConnection(state: Seats, viewer: string, nowMs: number): Seats {
  const forgotten = forget(state, viewer)
  const own = seatOf(state, viewer)
  const seat = own === undefined ? undefined : state.seats[own]
  if (own === undefined || seat === undefined) return forgotten
  return put(forgotten, own, { ...seat, reservedUntilMs: nowMs + SEAT_GRACE_MS })
}

/** Frees the seats whose reservation ended before `nowMs`. */
export function expireSeats(state: Seats, nowMs: number): Seats {
  const late = ({ reservedUntilMs }: Seat): boolean => reservedUntilMs !== null && reservedUntilMs <= nowMs
  if (!state.seats.some(late)) return state
  return fill({ ...state, seats: state.seats.map((seat) => (late(seat) ? FREE : seat)) })
}

/**
 * A player asks for a seat: a free one is given at once, else its holder will see the ask.
 * @throws {NestriError} ERR_SEAT when there is no such seat
 */
export function askSeat(state: Seats, viewer: string, seat: number): Seats {
  const wanted = at(state, seat)
  if (wanted.holder === viewer) return state
  if (wanted.holder === null) return move(state, viewer, seat)
  const others = state.asks.filter((ask) => ask.viewer !== viewer)
  return { ...state, asks: [...others, { seat, viewer }].slice(-MAX_ASKS) }
}

/**
 * The holder hands its seat to a viewer that asked for it.
 * @throws {NestriError} ERR_SEAT when `holder` does not hold it or `to` did not ask
 */
export function grantSeat(state: Seats, holder: string, { seat, to }: { seat: number; to: string }): Seats {
  if (at(state, seat).holder !== holder || !state.asks.some((ask) => ask.seat === seat && ask.viewer === to)) {
    throw new NestriError('ERR_SEAT', { seat })
  }
  return move(put(state, seat, FREE), to, seat)
}

/**
 * The holder gives its seat up; it goes to the first that waits.
 * @throws {NestriError} ERR_SEAT when `holder` does not hold it
 */
export function releaseSeat(state: Seats, holder: string, seat: number): Seats {
  if (at(state, seat).holder !== holder) throw new NestriError('ERR_SEAT', { seat })
  return fill(put(state, seat, FREE))
}

/** The seat that a viewer holds. */
export function seatOf({ seats }: Seats, viewer: string): number | undefined {
  const index = seats.findIndex(({ holder }) => holder === viewer)
  return index < 0 ? undefined : index
}

/** The viewer that sends input in a seat right now. */
export function connectedHolder({ seats }: Seats, seat: number): string | undefined {
  const found = seats[seat]
  return found?.reservedUntilMs === null && found.holder !== null ? found.holder : undefined
}

/** When the next reservation ends, or undefined. */
export function nextExpiryMs({ seats }: Seats): number | undefined {
  const times = seats.flatMap(({ reservedUntilMs }) => (reservedUntilMs === null ? [] : [reservedUntilMs]))
  return times.length === 0 ? undefined : Math.min(...times)
}

/** What everybody may know of the seats. */
export function seatFactsOf({ seats }: Seats): SeatFacts[] {
  return seats.map(({ holder, reservedUntilMs }, seat) => ({
    seat,
    holder,
    connected: holder !== null && reservedUntilMs === null,
  }))
}

function at({ seats }: Seats, seat: number): Seat {
  const found = seats[seat]
  if (found === undefined) throw new NestriError('ERR_SEAT', { seat })
  return found
}

/** Gives free seats to those who asked for them, then to those who wait. */
function fill(state: Seats): Seats {
  let filled = state
  for (const [seat, { holder }] of state.seats.entries()) {
    if (holder !== null) continue
    const ask = filled.asks.find((each) => each.seat === seat)
    const [next] = filled.waiting
    if (ask !== undefined) filled = move(filled, ask.viewer, seat)
    else if (next !== undefined) filled = put(filled, seat, { holder: next, reservedUntilMs: null, automatic: true })
  }
  return filled
}

/** Puts a viewer that asked into a seat; the seat that it had before is free for others. */
function move(state: Seats, viewer: string, seat: number): Seats {
  const own = seatOf(state, viewer)
  const seated = put(state, seat, { holder: viewer, reservedUntilMs: null, automatic: false })
  return own === undefined || own === seat ? seated : fill(put(seated, own, FREE))
}

function put(state: Seats, index: number, seat: Seat): Seats {
  const seats = state.seats.map((old, i) => (i === index ? seat : old))
  return seat.holder === null ? { ...state, seats } : { ...forget(state, seat.holder), seats }
}

function forget(state: Seats, viewer: string): Seats {
  return {
    ...state,
    asks: state.asks.filter((ask) => ask.viewer !== viewer),
    waiting: without(state.waiting, viewer),
  }
}

function without(list: readonly string[], item: string): string[] {
  return list.filter((each) => each !== item)
}
