// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CELLS, clockAgeMs, decodeRow, encodeRow } from './frame-clock.ts'

const VALUES = [0, 1, 0x123456789a, 123_456_789, 2 ** 39, 2 ** 40 - 1]

test('a row comes back as the value that was drawn, also after a lossy codec has changed the levels', () => {
  for (const value of VALUES) {
    const cells = encodeRow(value)
    assert.equal(cells.length, CELLS)
    assert.equal(decodeRow(cells.map((cell) => cell * 255)), value)
    assert.equal(decodeRow(cells.map((cell, i) => (cell === 1 ? 170 + (i % 60) : 90 - (i % 60)))), value)
  }
})

test('the cells of a value are fixed: programs in two languages draw them', () => {
  // The same text stands in streamer/native/tests/input_frame_clock_test.cpp.
  assert.equal(encodeRow(0x123456789a).join(''), '101000010010001101000101011001111000100110101011')
})

test('any single wrong cell is noticed', () => {
  for (const value of VALUES) {
    const cells = encodeRow(value)
    for (let wrong = 0; wrong < CELLS; wrong++) {
      const brightness = cells.map((cell, i) => (i === wrong ? 1 - cell : cell) * 255)
      assert.equal(decodeRow(brightness), undefined, `cell ${wrong} of ${value}`)
    }
  }
})

test('a picture without a clock is refused', () => {
  assert.equal(decodeRow(new Uint8Array(CELLS)), undefined)
  assert.equal(decodeRow(new Uint8Array(CELLS).fill(255)), undefined)
  assert.equal(decodeRow(new Uint8Array(CELLS).fill(128)), undefined)
  assert.equal(decodeRow(encodeRow(5).slice(0, 40)), undefined)
})

test('a cell that is neither black nor white makes the row unreadable', () => {
  const brightness = encodeRow(7).map((cell) => cell * 255)
  brightness[20] = 128
  assert.equal(decodeRow(brightness), undefined)
})

test('the age of a frame is told in milliseconds, over the wrap-around of the clock', () => {
  const wrapUnixMs = 2 ** 40 / 10
  assert.equal(clockAgeMs(10_000, 1_016), 16)
  assert.ok(Math.abs(clockAgeMs(2 ** 40 - 50, wrapUnixMs * 16 + 5) - 10) < 0.11)
  assert.ok(clockAgeMs(10_160, 1_000) === -16)
})
