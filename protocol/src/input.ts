// SPDX-License-Identifier: Apache-2.0
// The binary input messages of the two data channels. All integers are little-endian. The same bytes are decoded in C++
// (streamer/native/core/input_decoder): the golden vectors in golden/input.json are checked by both.
//
//   channel `input`  (reliable, ordered)                     channel `motion` (unordered, maxPacketLifeTime 50 ms)
//   0x01 key      u8 type, u8 pressed, u16 code, u32 seq      0x11 relative u8 type, u8 0, u16 0, u32 seq, i16 dx, i16 dy
//   0x02 button   u8 type, u8 pressed, u16 code, u32 seq      0x12 absolute u8 type, u8 0, u16 0, u32 seq, u16 x, u16 y
//   0x03 wheel    u8 type, u8 0, u16 0, u32 seq, i16 x, i16 y
//   0x04 held     u8 type, u8 count, u16 0, u32 seq, u16 code[count]
//   0x05 release  u8 type, u8 0, u16 0, u32 seq
//   0x06 text     u8 type, u8 0, u16 byteLength, u32 seq, UTF-8
//
// `code` is a Linux evdev code (linux/input-event-codes.h): KEY_* for keys, BTN_LEFT.. for buttons. `seq` counts every
// message of the page, over both channels. Wheel units are 1/120 of a notch, positive y scrolls down. Absolute
// positions are 0..65535 over the picture's width and height. Reserved bytes are 0; a receiver ignores them.

import { MAX_HELD_CODES } from './limits.ts'

// Node and browsers both have these; the types of neither are loaded here.
const { TextEncoder, TextDecoder } = globalThis as unknown as {
  TextEncoder: new () => { encodeInto: (text: string, bytes: Uint8Array) => { written: number } }
  TextDecoder: new (
    label: string,
    options: { fatal: boolean; ignoreBOM: boolean },
  ) => { decode: (bytes: Uint8Array) => string }
}

export const MAX_TEXT_BYTES = 1024

export type InputEvent =
  | { type: 'key'; code: number; pressed: boolean }
  | { type: 'button'; code: number; pressed: boolean }
  | { type: 'wheel'; x: number; y: number }
  /** Everything that is down right now: the receiver presses and releases what differs. */
  | { type: 'held'; codes: readonly number[] }
  | { type: 'release' }
  | { type: 'text'; text: string }
  | { type: 'relative'; dx: number; dy: number }
  | { type: 'absolute'; x: number; y: number }

export type InputMessage = InputEvent & { seq: number }

const TYPE = { key: 1, button: 2, wheel: 3, held: 4, release: 5, text: 6, relative: 0x11, absolute: 0x12 } as const
const HEADER_BYTES = 8

/** Which data channel an event belongs on. */
export function channelOf(event: InputEvent): 'input' | 'motion' {
  return event.type === 'relative' || event.type === 'absolute' ? 'motion' : 'input'
}

/** Encodes one message. Values outside their range are clamped, a longer text or list is cut. */
export function encodeInput(message: InputMessage): Uint8Array<ArrayBuffer> {
  const body = message.type === 'text' ? utf8(message.text) : undefined
  const codes = message.type === 'held' ? message.codes.slice(0, MAX_HELD_CODES) : []
  const bytes = new Uint8Array(HEADER_BYTES + bodyLength(message, body, codes))
  const view = new DataView(bytes.buffer)
  view.setUint8(0, TYPE[message.type])
  view.setUint32(4, message.seq >>> 0, true)
  switch (message.type) {
    case 'key':
    case 'button':
      view.setUint8(1, message.pressed ? 1 : 0)
      view.setUint16(2, message.code, true)
      break
    case 'wheel':
      view.setInt16(8, int16(message.x), true)
      view.setInt16(10, int16(message.y), true)
      break
    case 'relative':
      view.setInt16(8, int16(message.dx), true)
      view.setInt16(10, int16(message.dy), true)
      break
    case 'absolute':
      view.setUint16(8, uint16(message.x), true)
      view.setUint16(10, uint16(message.y), true)
      break
    case 'held':
      view.setUint8(1, codes.length)
      codes.forEach((code, i) => {
        view.setUint16(HEADER_BYTES + 2 * i, code, true)
      })
      break
    case 'text':
      view.setUint16(2, body?.length ?? 0, true)
      bytes.set(body ?? [], HEADER_BYTES)
      break
    case 'release':
      break
  }
  return bytes
}

/** Decodes one message, or returns undefined where the bytes are not exactly one message of the format. */
export function decodeInput(bytes: Uint8Array): InputMessage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const seq = view.getUint32(4, true)
  const type = view.getUint8(0)
  const exact = (length: number): boolean => bytes.length === HEADER_BYTES + length
  switch (type) {
    case TYPE.key:
    case TYPE.button: {
      const pressed = view.getUint8(1)
      if (!exact(0) || pressed > 1) return undefined
      return { type: type === TYPE.key ? 'key' : 'button', code: view.getUint16(2, true), pressed: pressed === 1, seq }
    }
    case TYPE.wheel:
      return exact(4) ? { type: 'wheel', x: view.getInt16(8, true), y: view.getInt16(10, true), seq } : undefined
    case TYPE.relative:
      return exact(4) ? { type: 'relative', dx: view.getInt16(8, true), dy: view.getInt16(10, true), seq } : undefined
    case TYPE.absolute:
      return exact(4) ? { type: 'absolute', x: view.getUint16(8, true), y: view.getUint16(10, true), seq } : undefined
    case TYPE.held: {
      const count = view.getUint8(1)
      if (count > MAX_HELD_CODES || !exact(2 * count)) return undefined
      const codes = Array.from({ length: count }, (_, i) => view.getUint16(HEADER_BYTES + 2 * i, true))
      return { type: 'held', codes, seq }
    }
    case TYPE.release:
      return exact(0) ? { type: 'release', seq } : undefined
    case TYPE.text: {
      const length = view.getUint16(2, true)
      if (length > MAX_TEXT_BYTES || !exact(length)) return undefined
      try {
        return {
          type: 'text',
          // A byte order mark is a character like any other here.
          text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(HEADER_BYTES)),
          seq,
        }
      } catch {
        return undefined
      }
    }
    default:
      return undefined
  }
}

/** The runner's echo, 8 bytes: the first frame captured after the input message `seq` had been injected. */
export interface FrameEcho {
  /** RTP timestamp of that frame, as on the wire. */
  rtpTimestamp: number
  seq: number
}

/** Encodes a frame echo: u32 rtpTimestamp, u32 seq. */
export function encodeEcho(echo: FrameEcho): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, echo.rtpTimestamp >>> 0, true)
  view.setUint32(4, echo.seq >>> 0, true)
  return bytes
}

/** Decodes a frame echo, or returns undefined where the length is wrong. */
export function decodeEcho(bytes: Uint8Array): FrameEcho | undefined {
  if (bytes.length !== 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { rtpTimestamp: view.getUint32(0, true), seq: view.getUint32(4, true) }
}

function bodyLength(message: InputMessage, body: Uint8Array | undefined, codes: readonly number[]): number {
  switch (message.type) {
    case 'wheel':
    case 'relative':
    case 'absolute':
      return 4
    case 'held':
      return 2 * codes.length
    case 'text':
      return body?.length ?? 0
    case 'key':
    case 'button':
    case 'release':
      return 0
  }
}

/** The text's first MAX_TEXT_BYTES, cut between two characters. */
function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(MAX_TEXT_BYTES)
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written)
}

function int16(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value)))
}

function uint16(value: number): number {
  return Math.max(0, Math.min(65535, Math.round(value)))
}
