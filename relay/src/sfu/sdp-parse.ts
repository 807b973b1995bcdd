// SPDX-License-Identifier: Apache-2.0
// Parses a remote SDP and checks the shape of everything that is read of it. The parser turns what looks like a number
// into one wherever it stands; here each value gets the type that it must have, or the SDP is refused.

import { NestriError } from '@nestri/protocol'
import { parse } from 'sdp-transform'
import * as v from 'valibot'

interface Fingerprint {
  type: string
  hash: string
}

/** One m-section, as far as it is read. */
export interface ParsedMedia {
  type: string
  port: number
  protocol: string
  payloads: string
  mid?: string | undefined
  bundleOnly?: string | undefined
  setup?: string | undefined
  fingerprint?: Fingerprint | undefined
  sctpPort?: number | undefined
  rtcpRsize?: string | undefined
  rtp: { payload: number; codec: string; rate?: number | undefined; encoding?: number | undefined }[]
  fmtp: { payload: number; config: string }[]
  rtcpFb: { payload: number | '*'; type: string; subtype?: string | undefined }[]
  ext: { value: number; uri: string }[]
  ssrcs: { id: number; attribute: string; value?: string | undefined }[]
  ssrcGroups: { semantics: string; ssrcs: string }[]
}

export interface ParsedSdp {
  setup?: string | undefined
  fingerprint?: Fingerprint | undefined
  media: ParsedMedia[]
}

/** An SDP with more sections is not one of a room with a picture, sound and data. */
const MAX_SECTIONS = 8

const text = v.pipe(v.union([v.string(), v.number()]), v.transform(String))
const number = v.pipe(v.number(), v.safeInteger())
const list = <const S extends v.GenericSchema>(item: S): v.OptionalSchema<v.ArraySchema<S, undefined>, []> =>
  v.optional(v.array(item), [])

const fingerprint = v.object({ type: text, hash: text })
const media = v.object({
  type: text,
  port: number,
  protocol: text,
  payloads: v.optional(text, ''),
  mid: v.optional(text),
  bundleOnly: v.optional(text),
  setup: v.optional(text),
  fingerprint: v.optional(fingerprint),
  sctpPort: v.optional(number),
  rtcpRsize: v.optional(text),
  rtp: list(v.object({ payload: number, codec: text, rate: v.optional(number), encoding: v.optional(number) })),
  fmtp: list(v.object({ payload: number, config: text })),
  rtcpFb: list(v.object({ payload: v.union([number, v.literal('*')]), type: text, subtype: v.optional(text) })),
  ext: list(v.object({ value: number, uri: text })),
  ssrcs: list(v.object({ id: number, attribute: text, value: v.optional(text) })),
  ssrcGroups: list(v.object({ semantics: text, ssrcs: text })),
})
const session = v.object({
  setup: v.optional(text),
  fingerprint: v.optional(fingerprint),
  media: v.pipe(
    v.array(media),
    v.minLength(1, 'it has no m-lines'),
    v.maxLength(MAX_SECTIONS, 'it has too many m-lines'),
  ),
})

/**
 * Parses an SDP (RFC 8866).
 * @throws {NestriError} ERR_SDP
 */
export function parseSdp(sdp: string): ParsedSdp {
  let parsed: unknown
  try {
    parsed = parse(sdp)
  } catch {
    throw new NestriError('ERR_SDP', { detail: 'it cannot be parsed' })
  }
  const result = v.safeParse(session, parsed, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  const where = path === null || path === 'media' ? '' : `${path}: `
  throw new NestriError('ERR_SDP', { detail: `${where}${issue.message}`.slice(0, 200) })
}
