// SPDX-License-Identifier: Apache-2.0
// Reads the page's address and links that somebody pastes. The token sits in the fragment: browsers never send that
// part to a server and it is in no log, yet the link can be shared. Pure.

import { MAX_ROOM_CHARS, MAX_TOKEN_CHARS, type Role } from '@nestri/protocol'

/** What an address says. */
export interface Link {
  room: string | undefined
  token: string | undefined
  /** Place that is asked for; counts only where the relay runs without tokens. */
  role: Role | undefined
}

/** Reads `/?room=NAME&role=player#token=...`. A fragment without a name is taken for the token itself. */
export function readLink(url: URL): Link {
  const fragment = url.hash.slice(1)
  const named = new URLSearchParams(fragment).get('token')
  const token = cleanToken(named ?? (fragment.includes('=') ? undefined : fragment))
  const role = url.searchParams.get('role')
  return {
    room: cleanRoom(url.searchParams.get('room')) ?? roomOfToken(token),
    token,
    role: role === 'player' || role === 'spectator' ? role : undefined,
  }
}

/** The page's address for a room, relative to where the page is served. */
export function roomHref(room: string, token?: string): string {
  return `?room=${encodeURIComponent(room)}${token === undefined ? '' : `#token=${token}`}`
}

/**
 * Where a pasted text leads: a whole link (of this relay or of another one), or a bare token that names its room.
 * Undefined where it is neither.
 */
export function pastedHref(text: string, base: URL): string | undefined {
  const trimmed = text.trim()
  if (/^https?:\/\//i.test(trimmed)) {
    if (!URL.canParse(trimmed)) return undefined
    const url = new URL(trimmed)
    return readLink(url).room === undefined ? undefined : url.href
  }
  const token = cleanToken(trimmed)
  const room = roomOfToken(token)
  if (room !== undefined) return new URL(roomHref(room, token), base).href
  const name = cleanRoom(trimmed)
  return name === undefined ? undefined : new URL(roomHref(name), base).href
}

/** The room that a token is for. Read without verifying: the relay does that, the page only needs a name to ask for. */
export function roomOfToken(token: string | undefined): string | undefined {
  const payload = token?.split('.')[1]
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    if (typeof claims !== 'object' || claims === null || !('room' in claims)) return undefined
    return typeof claims.room === 'string' ? cleanRoom(claims.room) : undefined
  } catch {
    return undefined
  }
}

function cleanToken(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined || text === '' || text.length > MAX_TOKEN_CHARS) return undefined
  return /^[\w-]+(\.[\w-]+)*$/.test(text) ? text : undefined
}

function cleanRoom(text: string | null): string | undefined {
  if (text === null || text.length > MAX_ROOM_CHARS) return undefined
  return /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text) ? text : undefined
}
