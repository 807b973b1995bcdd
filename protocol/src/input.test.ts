// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { channelOf, decodeEcho, decodeInput, encodeEcho, encodeInput, MAX_TEXT_BYTES } from './input.ts'
import type { InputEvent, InputMessage } from './input.ts'
import { MAX_HELD_CODES, MAX_INPUT_BYTES } from './limits.ts'

interface Golden {
  /** `encodes: false` = decoded to the message, but written differently by our own encoder. */
  valid: { name: string; hex: string; message: InputMessage; encodes?: boolean }[]
  malformed: { name: string; hex: string }[]
}
const golden = JSON.parse(readFileSync(new URL('golden/input.json', import.meta.url), 'utf8')) as Golden

for (const { name, hex, message, encodes = true } of golden.valid) {
  test(`golden: ${name}`, () => {
    assert.deepEqual(decodeInput(fromHex(hex)), message)
    if (encodes) assert.equal(toHex(encodeInput(message)), hex)
  })
}

for (const { name, hex } of golden.malformed) {
  test(`golden: refused: ${name}`, () => {
    assert.equal(decodeInput(fromHex(hex)), undefined)
  })
}

test('every message that can be sent comes back as it was and fits the size limit', () => {
  const random = generator(1)
  for (let i = 0; i < 5_000; i++) {
    const message = anyMessage(random)
    const bytes = encodeInput(message)
    assert.ok(bytes.length <= MAX_INPUT_BYTES)
    assert.deepEqual(decodeInput(bytes), message)
  }
})

test('no mutation of a message makes the decoder throw, and what it accepts it can write again', () => {
  const random = generator(2)
  for (let i = 0; i < 20_000; i++) {
    const decoded = decodeInput(mutate(encodeInput(anyMessage(random)), random))
    if (decoded !== undefined) assert.deepEqual(decodeInput(encodeInput(decoded)), decoded)
  }
})

test('a view into a larger buffer is decoded by its own bounds', () => {
  const bytes = encodeInput({ type: 'wheel', x: 1, y: 2, seq: 3 })
  const larger = new Uint8Array(bytes.length + 20).fill(0xff)
  larger.set(bytes, 7)
  assert.deepEqual(decodeInput(larger.subarray(7, 7 + bytes.length)), { type: 'wheel', x: 1, y: 2, seq: 3 })
})

test('values outside their range are clamped, and too many held codes are cut', () => {
  assert.deepEqual(roundTrip({ type: 'relative', dx: 1e9, dy: -1e9, seq: 0 }), {
    type: 'relative',
    dx: 32767,
    dy: -32768,
    seq: 0,
  })
  assert.deepEqual(roundTrip({ type: 'absolute', x: -1, y: 65536.4, seq: 0 }), {
    type: 'absolute',
    x: 0,
    y: 65535,
    seq: 0,
  })
  const held = roundTrip({ type: 'held', codes: Array.from({ length: 100 }, (_, i) => i), seq: 2 ** 32 + 5 })
  assert.ok(held?.type === 'held')
  assert.equal(held.codes.length, MAX_HELD_CODES)
  assert.equal(held.seq, 5)
})

test('a text that is too long is cut between two characters', () => {
  const message = roundTrip({ type: 'text', text: `x${'é'.repeat(MAX_TEXT_BYTES)}`, seq: 0 })
  assert.deepEqual(message, { type: 'text', text: `x${'é'.repeat(MAX_TEXT_BYTES / 2 - 1)}`, seq: 0 })
})

test('motion goes over the unordered channel, everything else over the reliable one', () => {
  assert.equal(channelOf({ type: 'relative', dx: 1, dy: 1 }), 'motion')
  assert.equal(channelOf({ type: 'absolute', x: 1, y: 1 }), 'motion')
  const others: InputEvent[] = [
    { type: 'key', code: 1, pressed: true },
    { type: 'button', code: 272, pressed: true },
    { type: 'wheel', x: 0, y: 120 },
    { type: 'held', codes: [] },
    { type: 'release' },
    { type: 'text', text: 'a' },
  ]
  for (const event of others) assert.equal(channelOf(event), 'input')
})

test('a frame echo comes back as it was, and other lengths are refused', () => {
  const echo = { rtpTimestamp: 0xffffffff, seq: 0x12345678 }
  assert.deepEqual(decodeEcho(encodeEcho(echo)), echo)
  assert.equal(decodeEcho(new Uint8Array(7)), undefined)
  assert.equal(decodeEcho(new Uint8Array(9)), undefined)
})

function roundTrip(message: InputMessage): InputMessage | undefined {
  return decodeInput(encodeInput(message))
}

type Random = (below: number) => number

/** Whole numbers in [0, below), the same ones in each run (xorshift, Marsaglia 2003). */
function generator(seed: number): Random {
  let state = seed * 2654435769
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function anyMessage(random: Random): InputMessage {
  const seq = random(2 ** 32)
  const int16 = (): number => random(65536) - 32768
  const pressed = random(2) === 1
  const kinds: readonly (() => InputEvent)[] = [
    () => ({ type: 'key', code: random(65536), pressed }),
    () => ({ type: 'button', code: random(65536), pressed }),
    () => ({ type: 'wheel', x: int16(), y: int16() }),
    () => ({ type: 'held', codes: Array.from({ length: random(MAX_HELD_CODES + 1) }, () => random(65536)) }),
    () => ({ type: 'release' }),
    () => ({ type: 'text', text: anyText(random) }),
    () => ({ type: 'relative', dx: int16(), dy: int16() }),
    () => ({ type: 'absolute', x: random(65536), y: random(65536) }),
  ]
  const event = kinds[random(kinds.length)]?.() ?? { type: 'release' }
  return { ...event, seq }
}

function anyText(random: Random): string {
  const character = (): number => {
    const value = random(2) === 0 ? random(128) : random(0x110000)
    return value >= 0xd800 && value <= 0xdfff ? 0xfffd : value
  }
  return String.fromCodePoint(...Array.from({ length: random(64) }, character))
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const length = random(3) === 0 ? random(bytes.length + 8) : bytes.length
  const mutated = new Uint8Array(length)
  mutated.set(bytes.subarray(0, length))
  for (let i = random(4); i > 0 && length > 0; i--) mutated[random(length)] = random(256)
  return mutated
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
