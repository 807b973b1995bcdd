// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, authorityFile, cookieOf, probeDisplay } from './x11-probe.ts'

test('a display name tells where its server listens', () => {
  assert.deepEqual(addressOf(':5'), { path: '/tmp/.X11-unix/X5', number: '5' })
  assert.deepEqual(addressOf(':5.0'), { path: '/tmp/.X11-unix/X5', number: '5' })
  assert.deepEqual(addressOf('unix:12'), { path: '/tmp/.X11-unix/X12', number: '12' })
  assert.deepEqual(addressOf('host.example:1'), { host: 'host.example', port: 6001, number: '1' })
  assert.deepEqual(addressOf('[::1]:1'), { host: '::1', port: 6001, number: '1' })
  for (const wrong of ['', '5', ':', ':x', ':1/../x', 'a b:1']) assert.equal(addressOf(wrong), undefined, wrong)
})

test('a cookie file that we write is read back for any display', () => {
  const cookie = Uint8Array.from({ length: 16 }, (_, i) => i)
  assert.deepEqual([...(cookieOf(authorityFile(cookie), '7') ?? [])], [...cookie])
})

test('the cookie of another display is passed over, and a cut file has none', () => {
  const cookie = (fill: number): Uint8Array => new Uint8Array(16).fill(fill)
  const name = Buffer.from('MIT-MAGIC-COOKIE-1')
  const entry = (number: string, fill: number): Buffer =>
    Buffer.concat([
      Buffer.from([1, 0, 0, 4, 104, 111, 115, 116, 0, number.length]),
      Buffer.from(number),
      Buffer.from([0, name.length]),
      name,
      Buffer.from([0, 16]),
      cookie(fill),
    ])
  const file = Buffer.concat([entry('1', 1), entry('12', 2)])
  assert.deepEqual(cookieOf(file, '12')?.[0], 2)
  assert.deepEqual(cookieOf(file, '1')?.[0], 1)
  assert.equal(cookieOf(file, '3'), undefined)
  assert.equal(cookieOf(file.subarray(0, 20), '1'), undefined)
  assert.equal(cookieOf(undefined, '1'), undefined)
})

test('a display that does not exist is refused with a code and its name', async () => {
  await assert.rejects(probeDisplay(':4711'), { code: 'ERR_CAPTURE', message: /:4711/ })
  await assert.rejects(probeDisplay('nonsense'), { code: 'ERR_CAPTURE' })
})
