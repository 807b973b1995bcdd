// SPDX-License-Identifier: Apache-2.0
// Which pages may talk to this relay from a browser. Pure. Programs that are no browser send no Origin and pass: the
// check protects a user's browser against foreign pages, tokens protect the relay.

/**
 * Whether a request with this `Origin` (RFC 6454) may be served: the relay's own page, or an allowed one.
 * @param host the request's Host header, with its port
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true
  if (allowed.includes(origin)) return true
  const match = /^https?:\/\/([^/]+)$/.exec(origin)
  return match !== null && host !== undefined && match[1]?.toLowerCase() === host.toLowerCase()
}
