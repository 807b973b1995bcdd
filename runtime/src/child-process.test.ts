// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { describeExit, spawnChild } from './child-process.ts'
import { waitFor } from './clock.ts'

const env = { PATH: process.env['PATH'] ?? '' }

/** Whether a process runs; one that ended and was not collected yet does not. */
function alive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('a child reports its exit code and its last words', async () => {
  const child = spawnChild({ name: 'sh', command: 'sh', args: ['-c', 'echo first >&2; echo last >&2; exit 3'], env })
  const status = await child.exited
  assert.equal(describeExit(status), 'exit code 3')
  await waitFor(() => child.lastWords().length === 2, { what: 'both lines', deadlineMs: 2_000 })
  assert.deepEqual(child.lastWords(), ['first', 'last'])
})

test('only the last twelve lines are kept and long ones are cut', async () => {
  const script = 'for i in $(seq 1 40); do echo "line $i" >&2; done; head -c 3000 /dev/zero | tr "\\0" x >&2'
  const child = spawnChild({ name: 'sh', command: 'sh', args: ['-c', script], env })
  await child.exited
  await waitFor(() => child.lastWords().at(-1)?.startsWith('x') === true, { what: 'the long line', deadlineMs: 2_000 })
  assert.equal(child.lastWords().length, 12)
  assert.equal(child.lastWords().at(-1)?.length, 500)
})

test('a program that does not exist ends with a code and a word, not with an exception', async () => {
  const child = spawnChild({ name: 'nothing', command: '/does/not/exist', env, dieWithParent: false })
  assert.deepEqual(await child.exited, { code: 127, signal: null })
  assert.match(child.lastWords().join(), /ENOENT/)
  await child.stop()
})

test('stop ends the whole process group, also a member that ignores SIGTERM', async () => {
  const pids: number[] = []
  const script = `trap '' TERM; sh -c "trap '' TERM; echo \\$\\$; sleep 60" & echo $$; wait`
  const child = spawnChild({
    name: 'stubborn',
    command: 'sh',
    args: ['-c', script],
    env,
    onStdout: (line) => pids.push(Number(line)),
  })
  await waitFor(() => pids.length === 2, { what: 'both pids', deadlineMs: 2_000 })
  const status = await child.stop({ graceMs: 100 })
  assert.equal(describeExit(status), 'signal SIGKILL')
  await waitFor(() => !pids.some(alive), { what: 'the end of the group', deadlineMs: 2_000 })
})

test('a child dies when its parent is killed', async () => {
  const module = new URL('./child-process.ts', import.meta.url).href
  const program = `
    import { spawnChild } from '${module}'
    const child = spawnChild({ name: 'sleep', command: 'sleep', args: ['60'], env: process.env })
    console.log(child.pid)
    setInterval(() => {}, 1000)`
  let pid: number | undefined
  const parent = spawnChild({
    name: 'parent',
    command: process.execPath,
    args: ['--input-type=module', '-e', program],
    env,
    onStdout: (line) => {
      pid = Number(line)
    },
  })
  await waitFor(() => alive(pid), { what: 'the grandchild', deadlineMs: 5_000 })
  process.kill(parent.pid ?? 0, 'SIGKILL')
  await waitFor(() => !alive(pid), { what: "the grandchild's end", deadlineMs: 2_000 })
  await parent.stop()
})
