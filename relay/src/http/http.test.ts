// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAllowedOrigin } from './origin.ts'
import { SerialQueue } from './serial-queue.ts'
import { fullBucket, takeToken } from './token-bucket.ts'

test("the relay's own page and allowed ones may connect, others not", () => {
  const allowed = ['https://play.example.org']
  assert.ok(isAllowedOrigin(undefined, 'relay:8088', []))
  assert.ok(isAllowedOrigin('http://relay:8088', 'relay:8088', []))
  assert.ok(isAllowedOrigin('https://RELAY:8088', 'relay:8088', []), 'TLS may end before us')
  assert.ok(isAllowedOrigin('https://play.example.org', 'relay:8088', allowed))
  for (const origin of [
    'http://relay',
    'http://relay:80',
    'http://evil',
    'null',
    '',
    'http://relay:8088/x',
    'file://',
  ]) {
    assert.ok(!isAllowedOrigin(origin, 'relay:8088', allowed), origin)
  }
})

test('a bucket lets a burst through and then as many as flow in', () => {
  const rate = { perSecond: 10, burst: 3 }
  let bucket = fullBucket(rate, 0)
  const take = (atMs: number): boolean => {
    const next = takeToken(bucket, rate, atMs)
    bucket = next ?? bucket
    return next !== undefined
  }
  assert.deepEqual([take(0), take(0), take(0), take(0)], [true, true, true, false])
  assert.deepEqual([take(100), take(100)], [true, false])
  assert.deepEqual([take(10_000), take(10_000), take(10_000), take(10_000)], [true, true, true, false])
})

test('steps run one after another, a failing one is reported and the next still runs', async () => {
  const seen: string[] = []
  const queue = new SerialQueue((error) => seen.push(String(error)))
  queue.add(async () => {
    await Promise.resolve()
    seen.push('first')
  })
  queue.add(() => {
    throw new Error('second')
  })
  await new Promise<void>((resolve) => {
    queue.add(() => {
      seen.push('third')
      resolve()
    })
  })
  assert.deepEqual(seen, ['first', 'Error: second', 'third'])
})

test('a closed queue and a full one take nothing', () => {
  const queue = new SerialQueue(() => undefined)
  const added = Array.from({ length: 300 }, () => queue.add(() => undefined))
  assert.equal(added.filter(Boolean).length, 256)
  queue.close()
  assert.equal(
    queue.add(() => undefined),
    false,
  )
})
