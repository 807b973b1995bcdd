// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spawnChild } from './child-process.ts'
import type { ExitStatus } from './child-process.ts'
import { waitFor } from './clock.ts'

const module = new URL('./index.ts', import.meta.url).href

interface Run {
  status: ExitStatus
  out: string[]
  err: string[]
}

async function run(body: string, { signal }: { signal?: NodeJS.Signals } = {}): Promise<Run> {
  const out: string[] = []
  const err: string[] = []
  const program = `import { ExitError, runApp, untilAborted } from '${module}'; ${body}`
  const child = spawnChild({
    name: 'app',
    command: process.execPath,
    args: ['--input-type=module', '-e', program],
    env: { PATH: process.env['PATH'] ?? '' },
    onStdout: (line) => out.push(line),
    onStderr: (line) => err.push(line),
  })
  if (signal !== undefined) {
    await waitFor(() => out.includes('ready'), { what: 'ready', deadlineMs: 5_000 })
    child.signal(signal)
  }
  const status = await child.exited
  await waitFor(() => !out.includes('ready') || out.length > 1 || signal === undefined, {
    what: 'output',
    deadlineMs: 1_000,
  })
  return { status, out, err }
}

test('SIGTERM ends a program with 0 after everything was closed in reverse', async () => {
  const { status, out } = await run(
    `await runApp({ name: 'app' }, async ({ signal, stack }) => {
      stack.defer(() => console.log('opened first'))
      stack.defer(() => console.log('opened second'))
      console.log('ready')
      await untilAborted(signal)
    })`,
    { signal: 'SIGTERM' },
  )
  assert.deepEqual(status, { code: 0, signal: null })
  assert.deepEqual(out, ['ready', 'opened second', 'opened first'])
})

test('an expected failure is one sentence with its code and a hint, without a stack trace', async () => {
  const { status, err } = await run(
    `await runApp({ name: 'app' }, async () => {
      throw Object.assign(new Error('port 1 is in use'), { code: 'ERR_PORT_IN_USE', hint: 'Take another.' })
    })`,
  )
  assert.equal(status.code, 1)
  assert.deepEqual(err, ['port 1 is in use (ERR_PORT_IN_USE)', 'Take another.'])
})

test('ExitError sets the exit status and prints its message as it is', async () => {
  const { status, err } = await run(`await runApp({ name: 'app' }, async () => { throw new ExitError(78, 'wrong') })`)
  assert.equal(status.code, 78)
  assert.deepEqual(err, ['wrong'])
})

test('closing that hangs does not keep the program alive', async () => {
  const { status } = await run(
    `await runApp({ name: 'app', closeDeadlineMs: 50 }, async ({ stack }) => { stack.defer(() => new Promise(() => {})) })`,
  )
  assert.equal(status.code, 1)
})

test('a program that ends with its parent notices the end of its standard input', async () => {
  const { status } = await run(
    `process.stdin.push(null)
    await runApp({ name: 'app', endWithParent: true }, async ({ signal }) => { await untilAborted(signal) })`,
  )
  assert.equal(status.code, 0)
})
