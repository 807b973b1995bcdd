// SPDX-License-Identifier: Apache-2.0
// The DTLS part of a remote SDP: one sha-256 fingerprint (RFC 8122) and the remote's role. A peer is bound to its
// signalling by nothing but this fingerprint.

import { NestriError } from '@nestri/protocol'
import type { RemoteDtls } from './media-types.ts'
import type { ParsedSdp } from './sdp-parse.ts'

/**
 * Fingerprint and role of the remote end. `actpass` (an offer) leaves the active part to the remote: we are passive.
 * @throws {NestriError} ERR_SDP when there is no sha-256 fingerprint, or sections disagree
 */
export function remoteDtls(session: ParsedSdp): RemoteDtls {
  const found = [session, ...session.media].map(({ fingerprint, setup }) => ({ fingerprint, setup }))
  const hashes = found.flatMap(({ fingerprint }) =>
    fingerprint?.type.toLowerCase() === 'sha-256' ? [fingerprint.hash.toUpperCase()] : [],
  )
  const [fingerprint] = hashes
  if (fingerprint === undefined || !/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/.test(fingerprint)) {
    throw new NestriError('ERR_SDP', { detail: 'it has no sha-256 fingerprint' })
  }
  if (new Set(hashes).size > 1) throw new NestriError('ERR_SDP', { detail: 'its sections have different fingerprints' })
  const setup = found.find((section) => section.setup !== undefined)?.setup
  return { fingerprint, role: setup === 'passive' ? 'server' : 'client' }
}
