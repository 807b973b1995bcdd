// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeInput, type InputMessage, MAX_HELD_CODES } from '@nestri/protocol'
import { HELD_INTERVAL_MS, InputSender, MOTION_FLUSH_MS } from './input-sender.ts'

interface Timer {
  atMs: number
  callback: () => void
}

/** A sender with a clock of its own and channels that can be closed. */
class Desk {
  nowMs = 1_000
  open = true
  readonly sent: (InputMessage & { channel: string })[] = []
  readonly reported: [seq: number, atMs: number][] = []
  readonly sender: InputSender
  #timers: Timer[] = []

  constructor() {
    this.sender = new InputSender({
      clock: {
        nowMs: () => this.nowMs,
        after: (ms, callback) => {
          const timer = { atMs: this.nowMs + ms, callback }
          this.#timers.push(timer)
          return () => {
            this.#timers = this.#timers.filter((other) => other !== timer)
          }
        },
      },
      send: (channel, bytes) => {
        if (!this.open) return false
        const message = decodeInput(bytes)
        assert.ok(message !== undefined, 'the message must decode')
        this.sent.push({ ...message, channel })
        return true
      },
      onSent: (seq, atMs) => this.reported.push([seq, atMs]),
    })
  }

  get timers(): number {
    return this.#timers.length
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.nowMs = due.atMs
      due.callback()
    }
    this.nowMs = endMs
  }
}

test('a key goes over the ordered channel once, repeats are left out', () => {
  const desk = new Desk()
  desk.sender.key(17, true)
  desk.sender.key(17, true)
  desk.sender.key(17, false)
  desk.sender.key(17, false)
  assert.deepEqual(desk.sent, [
    { channel: 'input', type: 'key', code: 17, pressed: true, seq: 1 },
    { channel: 'input', type: 'key', code: 17, pressed: false, seq: 2 },
  ])
})

test('what is held is repeated every 250 ms until it is let go', () => {
  const desk = new Desk()
  desk.sender.key(17, true)
  desk.sender.button(0x110, true)
  desk.pass(2 * HELD_INTERVAL_MS)
  const held = desk.sent.filter((message) => message.type === 'held')
  assert.equal(held.length, 2)
  assert.deepEqual(held[0]?.codes, [17, 0x110])
  desk.sender.key(17, false)
  desk.sender.button(0x110, false)
  desk.pass(10 * HELD_INTERVAL_MS)
  assert.equal(desk.sent.filter((message) => message.type === 'held').length, 2)
  assert.equal(desk.timers, 0)
})

test('motion is summed up and flushed every 4 ms, the first of it at once', () => {
  const desk = new Desk()
  for (let i = 0; i < 16; i += 1) {
    desk.sender.moveBy(1, -1)
    desk.pass(1)
  }
  desk.pass(MOTION_FLUSH_MS)
  const motion = desk.sent.filter((message) => message.type === 'relative')
  assert.ok(motion.length >= 4 && motion.length <= 6, `${motion.length} messages`)
  assert.equal(
    motion.reduce((sum, message) => sum + message.dx, 0),
    16,
  )
  assert.equal(
    motion.reduce((sum, message) => sum + message.dy, 0),
    -16,
  )
  assert.ok(motion.every((message) => message.channel === 'motion'))
})

test('fractions of a pixel are carried over, in both directions', () => {
  const desk = new Desk()
  for (let i = 0; i < 8; i += 1) {
    desk.sender.moveBy(0.375, -0.25)
    desk.pass(MOTION_FLUSH_MS)
  }
  const motion = desk.sent.filter((message) => message.type === 'relative')
  assert.equal(
    motion.reduce((sum, message) => sum + message.dx, 0),
    3,
  )
  assert.equal(
    motion.reduce((sum, message) => sum + message.dy, 0),
    -2,
  )
})

test('a movement longer than the wire holds is sent in parts', () => {
  const desk = new Desk()
  desk.sender.moveBy(40_000, 0)
  desk.pass(MOTION_FLUSH_MS)
  desk.sender.moveBy(0, 1)
  desk.pass(MOTION_FLUSH_MS)
  const motion = desk.sent.filter((message) => message.type === 'relative')
  assert.equal(
    motion.reduce((sum, message) => sum + message.dx, 0),
    40_000,
  )
})

test('the latest position replaces the earlier ones, clamped to the picture', () => {
  const desk = new Desk()
  desk.sender.moveTo(0.1, 0.1)
  desk.sender.moveTo(0.5, 0.5)
  desk.sender.moveTo(2, -1)
  desk.pass(MOTION_FLUSH_MS)
  assert.deepEqual(
    desk.sent.map((message) => message.type === 'absolute' && [message.x, message.y]),
    [
      [6554, 6554],
      [65535, 0],
    ],
  )
})

test('a click sends the motion before it first', () => {
  const desk = new Desk()
  desk.sender.moveBy(1, 0)
  desk.sender.moveBy(5, 0)
  desk.sender.button(0x110, true)
  assert.deepEqual(
    desk.sent.map((message) => message.type),
    ['relative', 'relative', 'button'],
  )
})

test('wheel fractions of a touchpad add up', () => {
  const desk = new Desk()
  for (let i = 0; i < 4; i += 1) desk.sender.wheel(0, 0.5)
  assert.deepEqual(desk.sent, [
    { channel: 'input', type: 'wheel', x: 0, y: 1, seq: 1 },
    { channel: 'input', type: 'wheel', x: 0, y: 1, seq: 2 },
  ])
})

test('releasing everything says so once, forgets waiting motion and stops the repeats', () => {
  const desk = new Desk()
  desk.sender.key(17, true)
  desk.sender.moveBy(1, 0)
  desk.sender.moveBy(7, 0)
  desk.sender.releaseAll()
  desk.sender.releaseAll()
  desk.pass(1_000)
  assert.deepEqual(
    desk.sent.map((message) => message.type),
    ['key', 'relative', 'release'],
  )
  assert.equal(desk.sender.held.size, 0)
  assert.equal(desk.timers, 0)
})

test('a release can be asked for even when nothing is known to be held', () => {
  const desk = new Desk()
  desk.sender.releaseAll({ always: true })
  assert.deepEqual(
    desk.sent.map((message) => message.type),
    ['release'],
  )
})

test('a press that could not be sent does not count as held and uses no number', () => {
  const desk = new Desk()
  desk.open = false
  desk.sender.key(17, true)
  assert.equal(desk.sender.held.size, 0)
  desk.open = true
  desk.sender.key(17, true)
  assert.equal(desk.sent[0]?.seq, 1)
})

test('a release that could not be sent still counts, and nothing is repeated', () => {
  const desk = new Desk()
  desk.sender.key(17, true)
  desk.open = false
  desk.sender.key(17, false)
  desk.open = true
  desk.pass(1_000)
  assert.equal(desk.sent.filter((message) => message.type === 'held').length, 0)
})

test('motion that a full channel refuses is kept, grows and goes out later', () => {
  const desk = new Desk()
  desk.open = false
  desk.sender.moveBy(3, 0)
  desk.pass(10)
  desk.sender.moveBy(4, 0)
  desk.open = true
  desk.pass(100)
  assert.deepEqual(
    desk.sent.map((message) => message.type === 'relative' && message.dx),
    [7],
  )
})

test('every message is reported with its number and the time of its event', () => {
  const desk = new Desk()
  desk.sender.key(30, true, 990)
  desk.sender.moveBy(1, 1, 995)
  assert.deepEqual(desk.reported, [
    [1, 990],
    [2, 995],
  ])
})

test('more keys than a snapshot can name are not taken', () => {
  const desk = new Desk()
  for (let code = 1; code <= MAX_HELD_CODES + 5; code += 1) desk.sender.key(code, true)
  assert.equal(desk.sender.held.size, MAX_HELD_CODES)
})
