// SPDX-License-Identifier: Apache-2.0
// Reads RTP packets (RFC 3550, header extensions RFC 8285) as a receiver gets them after decryption. Pure.

/** What a test asks of a packet. */
export interface RtpPacket {
  payloadType: number
  marker: boolean
  sequence: number
  timestamp: number
  ssrc: number
  /** Header extensions by id. */
  extensions: ReadonlyMap<number, Uint8Array>
  payload: Uint8Array
}

/** Parses a packet, or returns undefined where it is RTCP (RFC 5761 §4) or not RTP at all. */
export function parseRtp(bytes: Uint8Array): RtpPacket | undefined {
  if (bytes.length < 12 || (bytes[0] ?? 0) >> 6 !== 2) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const second = view.getUint8(1)
  if (second >= 192 && second <= 223) return undefined
  let offset = 12 + 4 * (view.getUint8(0) & 0x0f)
  const extensions = new Map<number, Uint8Array>()
  if ((view.getUint8(0) & 0x10) !== 0) {
    const profile = view.getUint16(offset)
    const length = 4 * view.getUint16(offset + 2)
    readExtensions(bytes.subarray(offset + 4, offset + 4 + length), profile, extensions)
    offset += 4 + length
  }
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    extensions,
    payload: bytes.subarray(offset),
  }
}

function readExtensions(block: Uint8Array, profile: number, into: Map<number, Uint8Array>): void {
  const twoByte = (profile & 0xfff0) === 0x1000
  if (profile !== 0xbede && !twoByte) return
  for (let i = 0; i < block.length; ) {
    const first = block[i] ?? 0
    if (first === 0) {
      i++
      continue
    }
    const id = twoByte ? first : first >> 4
    const length = twoByte ? (block[i + 1] ?? 0) : (first & 0x0f) + 1
    const start = i + (twoByte ? 2 : 1)
    into.set(id, block.subarray(start, start + length))
    i = start + length
  }
}

/** Whether a payload begins or continues a key frame: an H.264 IDR or SPS (RFC 6184) or the start of a VP8 key frame (RFC 7741). */
export function beginsKeyFrame(codec: 'h264' | 'vp8', payload: Uint8Array): boolean {
  return codec === 'h264' ? h264Types(payload).some((type) => type === 5 || type === 7) : isVp8KeyFrame(payload)
}

function h264Types(payload: Uint8Array): number[] {
  const type = (payload[0] ?? 0) & 0x1f
  if (type === 28) return ((payload[1] ?? 0) & 0x80) === 0 ? [] : [(payload[1] ?? 0) & 0x1f]
  if (type !== 24) return [type]
  const types: number[] = []
  for (let i = 1; i + 2 < payload.length; ) {
    const size = ((payload[i] ?? 0) << 8) | (payload[i + 1] ?? 0)
    types.push((payload[i + 2] ?? 0) & 0x1f)
    i += 2 + size
  }
  return types
}

function isVp8KeyFrame(payload: Uint8Array): boolean {
  const first = payload[0] ?? 0
  if ((first & 0x10) === 0 || (first & 0x07) !== 0) return false
  let header = 1
  if ((first & 0x80) !== 0) {
    const extension = payload[1] ?? 0
    header++
    if ((extension & 0x80) !== 0) header += ((payload[header] ?? 0) & 0x80) !== 0 ? 2 : 1
    if ((extension & 0x40) !== 0) header++
    if ((extension & 0x30) !== 0) header++
  }
  return ((payload[header] ?? 1) & 1) === 0
}
