// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from './options.ts'

const defaults = { starts: 3, seconds: 30, warmUpSeconds: 20 }

test('the report says with which settings it was made', () => {
  const options = parseOptions(['a', 'b'], defaults, ['--starts', '5', '--only', 'b', '--json', 'x.json'])
  assert.ok(options !== 'help')
  assert.equal(options.text, '--starts 5 --seconds 30 --warmup 20 --only b')
  assert.equal(options.json, 'x.json')
})

test('a quick run is short in everything that is not given', () => {
  const options = parseOptions([], defaults, ['--quick', '--seconds', '9'])
  assert.ok(options !== 'help')
  assert.deepEqual([options.starts, options.seconds, options.warmUpSeconds], [1, 9, 3])
})

test('a wrong argument is refused with what is expected', () => {
  assert.throws(() => parseOptions([], defaults, ['--starts', '0']), /whole number from 1/)
  assert.throws(() => parseOptions(['a'], defaults, ['--only', 'c']), /some of a/)
  assert.throws(() => parseOptions([], defaults, ['--nonsense']), /nonsense/)
})
