// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs, DeadlineError, pause, waitFor, withDeadline } from './clock.ts'

test('back-off doubles from its base to its maximum and is spread over the upper half', () => {
  const backoff = { baseMs: 500, maxMs: 30_000 }
  assert.deepEqual(
    [0, 1, 2, 6, 7, 1_000].map((attempt) => backoffMs(attempt, backoff, 1)),
    [500, 1_000, 2_000, 30_000, 30_000, 30_000],
  )
  assert.equal(backoffMs(1, backoff, 0), 500)
})

test('a pause ends early when its signal aborts and leaves no listener', async () => {
  const aborter = new AbortController()
  const paused = pause(60_000, aborter.signal)
  aborter.abort()
  await paused
  await pause(60_000, aborter.signal)
})

test('a promise that takes too long is reported with the name of what was waited for', async () => {
  await assert.rejects(withDeadline(new Promise(() => undefined), 5, 'the answer'), /the answer took longer than 5 ms/)
  assert.equal(await withDeadline(Promise.resolve(1), 5, 'the answer'), 1)
})

test('waiting for a condition returns its value, or fails at the deadline', async () => {
  let calls = 0
  const value = await waitFor(() => (++calls === 3 ? 'here' : undefined), { what: 'it', deadlineMs: 1_000, everyMs: 1 })
  assert.equal(value, 'here')
  await assert.rejects(
    waitFor(() => false, { what: 'it', deadlineMs: 5, everyMs: 1 }),
    DeadlineError,
  )
})
