// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evdevButton, evdevKey, KEY_CODES, wheelUnits } from './keymap.ts'

test('letters follow the rows of the keyboard, not the alphabet', () => {
  assert.equal(evdevKey('KeyQ'), 16)
  assert.equal(evdevKey('KeyP'), 25)
  assert.equal(evdevKey('KeyA'), 30)
  assert.equal(evdevKey('KeyL'), 38)
  assert.equal(evdevKey('KeyZ'), 44)
  assert.equal(evdevKey('KeyM'), 50)
})

test('every letter, digit, function key and key of the numeric pad has a code', () => {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((letter) => `Key${letter}`)
  const digits = Array.from({ length: 10 }, (_, i) => [`Digit${i}`, `Numpad${i}`]).flat()
  const functions = Array.from({ length: 24 }, (_, i) => `F${i + 1}`)
  for (const code of [...letters, ...digits, ...functions]) assert.ok(evdevKey(code) !== undefined, code)
})

test('the keys that games and foreign keyboards need have the codes of linux/input-event-codes.h', () => {
  const expected = {
    Escape: 1,
    Digit1: 2,
    Digit0: 11,
    Space: 57,
    F1: 59,
    F10: 68,
    F11: 87,
    F12: 88,
    F13: 183,
    F24: 194,
    ControlLeft: 29,
    ControlRight: 97,
    AltLeft: 56,
    AltRight: 100,
    MetaLeft: 125,
    MetaRight: 126,
    ContextMenu: 127,
    ArrowUp: 103,
    ArrowDown: 108,
    ArrowLeft: 105,
    ArrowRight: 106,
    NumpadEnter: 96,
    NumpadDecimal: 83,
    IntlBackslash: 86,
    IntlRo: 89,
    IntlYen: 124,
    Convert: 92,
    NonConvert: 94,
    KanaMode: 93,
    Lang1: 122,
    Lang2: 123,
    MediaPlayPause: 164,
    AudioVolumeMute: 113,
    PrintScreen: 99,
    Pause: 119,
  }
  for (const [code, evdev] of Object.entries(expected)) assert.equal(evdevKey(code), evdev, code)
})

test('no two keys of one keyboard share a code; only other names of the same key do', () => {
  const aliases = new Set([
    'OSLeft',
    'OSRight',
    'VolumeMute',
    'VolumeDown',
    'VolumeUp',
    'Katakana',
    'Hiragana',
    'NumpadBackspace',
  ])
  const codes = [...KEY_CODES].filter(([name]) => !aliases.has(name)).map(([, code]) => code)
  assert.equal(new Set(codes).size, codes.length)
  assert.ok(codes.every((code) => code > 0 && code < 0x100))
})

test('a key without a name in Linux has no code', () => {
  assert.equal(evdevKey(''), undefined)
  assert.equal(evdevKey('Unidentified'), undefined)
})

test('the right button is the third of the browser and the second of Linux', () => {
  assert.deepEqual([0, 1, 2, 3, 4].map(evdevButton), [0x110, 0x112, 0x111, 0x113, 0x114])
  assert.equal(evdevButton(5), undefined)
})

test('one notch of a wheel is 120 units whatever the browser counts in', () => {
  assert.equal(wheelUnits(100, 0), 120)
  assert.equal(wheelUnits(-3, 1), -120)
  assert.equal(wheelUnits(1, 2), 1200)
})
