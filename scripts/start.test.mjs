// SPDX-License-Identifier: Apache-2.0
// What `npm start` passes on to the launcher, arguments and exit status, on a Node that can replace itself and on
// one that cannot.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { node24, root } from './setup/paths.mjs'

const startScript = join(root, 'scripts', 'start.mjs')
const kinds = [
  ['a Node that can replace itself', []],
  ['an older Node', ['--import', 'data:text/javascript,process.execve=undefined']],
]

/** Starts `npm start`'s program without the set-up, and collects what it prints. */
function start(nodeArgs, args) {
  const env = { ...process.env, NESTRI_SKIP_SETUP: '1' }
  delete env.npm_lifecycle_event
  const child = spawn(node24, [...nodeArgs, startScript, ...args], {
    env,
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data
    })
  }
  return { child, ended: once(child, 'close').then(([code, signal]) => ({ code, signal, output })) }
}

for (const [kind, nodeArgs] of kinds) {
  test(`on ${kind} arguments and a good end pass through`, async () => {
    const { code, output } = await start(nodeArgs, ['--check', 'examples/local-room.yaml']).ended
    assert.equal(code, 0, output)
    assert.match(output, /local-room\.yaml is a valid NestriRoom/)
  })

  test(`on ${kind} a failure's exit status passes through`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'nestri-start-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'room.yaml'), 'kind: NestriRoom\n')
    const { code, output } = await start(nodeArgs, ['--check', join(folder, 'room.yaml')]).ended
    assert.equal(code, 78, output)
  })
}
