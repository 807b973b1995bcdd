// SPDX-License-Identifier: Apache-2.0
// RTP and RTCP as far as tests need them: packets of a made-up VP8 stream, and reading what arrives (RFC 3550, RFC 7741).

const VERSION_AND_EXTENSION = 0x90
const ONE_BYTE_PROFILE = 0xbede

export interface RtpOptions {
  payloadType: number
  sequence: number
  timestamp: number
  ssrc: number
  marker: boolean
  /** One-byte header extensions (RFC 8285): id and value. */
  extensions: readonly { id: number; value: Uint8Array }[]
  payload: Uint8Array
}

export function buildRtp(options: RtpOptions): Buffer {
  const { payloadType, sequence, timestamp, ssrc, marker, extensions, payload } = options
  const parts = extensions.map(({ id, value }) => Buffer.from([(id << 4) | (value.length - 1), ...value]))
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const padded = Math.ceil(length / 4) * 4
  const header = Buffer.alloc(16 + padded)
  header[0] = VERSION_AND_EXTENSION
  header[1] = (marker ? 0x80 : 0) | payloadType
  header.writeUInt16BE(sequence & 0xffff, 2)
  header.writeUInt32BE(timestamp >>> 0, 4)
  header.writeUInt32BE(ssrc, 8)
  header.writeUInt16BE(ONE_BYTE_PROFILE, 12)
  header.writeUInt16BE(padded / 4, 14)
  let at = 16
  for (const part of parts) {
    part.copy(header, at)
    at += part.length
  }
  return Buffer.concat([header, payload])
}

export interface RtpHeader {
  payloadType: number
  sequence: number
  timestamp: number
  ssrc: number
  marker: boolean
  /** Ids of the header extensions that it carries. */
  extensions: ReadonlyMap<number, Uint8Array>
  payload: Uint8Array
}

/** Reads an RTP packet; undefined for RTCP and junk. */
export function parseRtp(bytes: Buffer): RtpHeader | undefined {
  if (bytes.length < 12 || bytes[0] === undefined || bytes[1] === undefined || bytes[0] >> 6 !== 2) return undefined
  if (bytes[1] >= 192 && bytes[1] <= 223) return undefined
  let offset = 12 + 4 * (bytes[0] & 0x0f)
  const extensions = new Map<number, Uint8Array>()
  if ((bytes[0] & 0x10) !== 0) {
    const end = offset + 4 + 4 * bytes.readUInt16BE(offset + 2)
    for (let at = offset + 4; at < end; ) {
      const byte = bytes[at] ?? 0
      if (byte === 0) {
        at++
        continue
      }
      const length = (byte & 0x0f) + 1
      extensions.set(byte >> 4, bytes.subarray(at + 1, at + 1 + length))
      at += 1 + length
    }
    offset = end
  }
  return {
    payloadType: bytes[1] & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    marker: (bytes[1] & 0x80) !== 0,
    extensions,
    payload: bytes.subarray(offset),
  }
}

/** The first packet of a VP8 frame, or a later one. Only the headers mean something. */
export function vp8Payload({ first, key, bytes }: { first: boolean; key: boolean; bytes: number }): Buffer {
  const payload = Buffer.alloc(Math.max(12, bytes))
  payload[0] = first ? 0x10 : 0x00
  if (first) payload[1] = key ? 0x10 : 0x11
  if (first && key) Buffer.from([0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]).copy(payload, 4)
  return payload
}

/** Whether a VP8 payload begins a key frame. */
export function beginsVp8KeyFrame(payload: Uint8Array): boolean {
  const descriptor = payload[0] ?? 0
  if ((descriptor & 0x10) === 0 || (descriptor & 0x80) !== 0) return false
  return ((payload[1] ?? 1) & 0x01) === 0
}

/** Number of PLI and FIR messages in an RTCP compound packet (RFC 4585 §6.3.1, RFC 5104 §4.3.1). */
export function countKeyFrameRequests(bytes: Buffer): number {
  let count = 0
  for (let at = 0; at + 4 <= bytes.length; at += 4 + 4 * bytes.readUInt16BE(at + 2)) {
    const format = (bytes[at] ?? 0) & 0x1f
    if (bytes[at + 1] === 206 && (format === 1 || format === 4)) count++
  }
  return count
}
