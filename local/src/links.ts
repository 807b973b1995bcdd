// SPDX-License-Identifier: Apache-2.0
// The addresses that a user opens. The token stands after `#`, which browsers never send: it is in no server's log and in
// no Referer header. Pure.

export interface LinkOptions {
  /** e.g. `http://localhost:8088`. */
  origin: string
  room: string
  /** Invite. */
  token: string
}

/** The link that lets its holder into the room. */
export function roomLink({ origin, room, token }: LinkOptions): string {
  return `${origin}/?room=${encodeURIComponent(room)}#token=${token}`
}

/** Where the page is served. IPv6 addresses are put into brackets (RFC 3986 §3.2.2). */
export function originOf({ secure, host, port }: { secure: boolean; host: string; port: number }): string {
  const name = host.includes(':') ? `[${host}]` : host
  const usual = port === (secure ? 443 : 80)
  return `${secure ? 'https' : 'http'}://${name}${usual ? '' : `:${port}`}`
}
