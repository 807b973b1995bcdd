// SPDX-License-Identifier: Apache-2.0
// What must hold after many repetitions: the game under its streamer, and the resources of the process.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Child, spawnChild, waitFor } from '@nestri/runtime'
import { startEncoder } from './support/encoder.ts'
import { ordinaryEnv } from './support/environment.ts'
import { aRequest } from './support/requests.ts'

const CLOCK = fileURLToPath(new URL('../native/build/nestri-x11-clock', import.meta.url))
const CYCLES = fileURLToPath(new URL('./support/cycles.ts', import.meta.url))

/** Starts a program and waits for its first line on standard output. */
async function started(command: string, args: readonly string[]): Promise<{ child: Child; line: string }> {
  const lines: string[] = []
  const child = spawnChild({ name: command, command, args, env: ordinaryEnv(), onStdout: (line) => lines.push(line) })
  const line = await waitFor(() => lines[0], { what: `a word of ${command}`, deadlineMs: 10_000 })
  return { child, line }
}

test('a game survives 50 encoder restarts with the same pid, and its pictures go on', async () => {
  await using stack = new AsyncDisposableStack()
  const xvfb = await started('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x720x24', '-nolisten', 'tcp'])
  stack.use(xvfb.child)
  const display = `:${xvfb.line}`
  const game = (await started(CLOCK, ['--display', display])).child
  stack.use(game)
  const encoder = stack.use(startEncoder())
  await encoder.process.hello()
  await encoder.process.start({ ...aRequest(), source: { kind: 'x11', display } })
  await encoder.next('offer')
  const captured = async (): Promise<number> =>
    ((await encoder.process.request({ type: 'stats' })) as { framesCaptured: number }).framesCaptured
  for (let restart = 1; restart <= 50; restart++) {
    await encoder.process.request({ type: 'restart-encoder' })
    await encoder.next('offer', restart)
  }
  const before = await captured()
  await waitFor(async () => (await captured()) > before + 30, { what: 'new pictures', deadlineMs: 5_000 })
  assert.equal(game.status, undefined, 'the game still runs')
  assert.ok(existsSync(`/proc/${game.pid}`))
  assert.equal(encoder.ended(), undefined, 'the encoder process is the first one')
})

interface Held {
  cycle: number
  files: number
  threads: number
  rssKib: number
}

test('200 sessions return every file descriptor and thread, and memory grows by a bounded slope', async (t) => {
  const held: Held[] = []
  const child = spawnChild({
    name: 'cycles',
    command: process.execPath,
    args: ['--conditions=source', CYCLES, '200', '20'],
    env: ordinaryEnv(),
    onStdout: (line) => held.push(JSON.parse(line) as Held),
  })
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.lastWords().join('\n'))
  for (const { cycle, files, threads, rssKib } of held) {
    t.diagnostic(`after ${cycle}: ${files} files, ${threads} threads, ${Math.round(rssKib / 1024)} MiB`)
  }
  const [, settled] = held
  const last = held.at(-1)
  assert.ok(settled !== undefined && last?.cycle === 200)
  assert.equal(last.files, settled.files)
  assert.equal(last.threads, settled.threads)
  // webrtcbin of GStreamer 1.22 itself keeps a little of each connection; 100 KiB a session would be a leak of ours.
  const slopeKib = (last.rssKib - settled.rssKib) / (last.cycle - settled.cycle)
  assert.ok(slopeKib < 100, `memory grows by ${slopeKib.toFixed(0)} KiB a session`)
})
