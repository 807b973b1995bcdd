// SPDX-License-Identifier: Apache-2.0
// The launcher with the real relay and the real runner, streaming a small test picture.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { pause, spawnChild, waitFor } from '@nestri/runtime'
import type { Child } from '@nestri/runtime'
import { markedProcesses } from '../src/marked-processes.ts'

const MAIN = new URL('../src/main.ts', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'nestri-launch-test-'))
after(() => rmSync(folder, { recursive: true }))

/** A test picture that costs next to nothing. */
const PICTURE = [
  'apiVersion: nestri.io/v1alpha1',
  'kind: NestriRoom',
  'metadata: {name: small}',
  'spec:',
  '  capture: test',
  '  display: {widthPixels: 320, heightPixels: 240, framerate: 10}',
  '  video: {bitrateKbps: 500}',
  '  audio: {captureMethod: none}',
  '  gpu: {mode: none}',
]

function roomFile(name: string, ...lines: string[]): string {
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, lines.join('\n'))
  return file
}
const picture = roomFile('picture', ...PICTURE)

interface Launcher extends AsyncDisposable {
  child: Child
  out: string[]
  err: string[]
  /** Parent of the folders of its runs. */
  runs: string
}

function start(args: string[], env: Record<string, string> = {}): Launcher {
  const runs = mkdtempSync(join(folder, 'runs-'))
  const out: string[] = []
  const err: string[] = []
  const child = spawnChild({
    name: 'launcher',
    command: process.execPath,
    args: ['--conditions=source', MAIN, '--port', '0', ...args],
    env: {
      ...Object.fromEntries(
        ['PATH', 'HOME', 'MEDIASOUP_WORKER_BIN'].flatMap((n) =>
          process.env[n] === undefined ? [] : [[n, process.env[n]]],
        ),
      ),
      XDG_RUNTIME_DIR: runs,
      XDG_DATA_HOME: join(folder, 'data'),
      INIT_CWD: folder,
      NESTRI_WORKERS: '1',
      ...env,
    },
    onStdout: (line) => out.push(line),
    onStderr: (line) => err.push(line),
  })
  return {
    child,
    out,
    err,
    runs,
    [Symbol.asyncDispose]: async () => {
      await child.stop({ graceMs: 6_000 })
    },
  }
}

/** Waits for a line of its output. */
async function line(launcher: Launcher, pattern: RegExp, deadlineMs = 60_000): Promise<string> {
  return await waitFor(
    () => {
      if (launcher.child.status !== undefined)
        assert.fail(`ended early: ${launcher.out.join('\n')}\n${launcher.err.join('\n')}`)
      return launcher.out.find((text) => pattern.test(text))
    },
    { what: `${String(pattern)} in ${JSON.stringify(launcher.out)}`, deadlineMs },
  )
}

function runId({ runs }: Launcher): string {
  const [name = ''] = readdirSync(runs)
  return name.split('-').at(-1) ?? ''
}

/** The first process of a program of the run: that with the smallest pid. */
function pidOf(launcher: Launcher, program: 'relay' | 'runner', incarnation = 1): number {
  const [pid] = markedProcesses(`${runId(launcher)}-${incarnation}-${program}`).filter((candidate) =>
    readFileSync(`/proc/${candidate}/cmdline`, 'utf8').includes(
      program === 'relay' ? 'relay/src/main.ts' : 'runner/main.ts',
    ),
  )
  return pid ?? assert.fail(`no ${program}`)
}

function linkOf(text: string): URL {
  return new URL(text.trim().split(/\s+/).at(-1) ?? '')
}

/** What the relay says about the room to the holder of a link; undefined = nothing. */
async function roomState(link: URL): Promise<string | undefined> {
  const token = link.hash.replace('#token=', '')
  const response = await fetch(new URL('/api/rooms', link), { headers: { authorization: `Bearer ${token}` } }).catch(
    () => undefined,
  )
  if (response?.ok !== true) return undefined
  const { rooms } = (await response.json()) as { rooms: { room: string; state: string }[] }
  return rooms.find(({ room }) => room === link.searchParams.get('room'))?.state
}

test('a room is started, its links are printed, and Ctrl-C ends everything within 5 s', async () => {
  await using launcher = start([picture])
  const play = linkOf(await line(launcher, /^ {2}Play /))
  const watch = linkOf(await line(launcher, /^ {2}Watch /))
  assert.equal(play.hostname, 'localhost')
  assert.equal(play.searchParams.get('room'), 'small')
  for (const link of [play, watch]) assert.equal(await roomState(link), 'live')
  assert.equal((await fetch(new URL('/', play))).status, 200)
  const id = runId(launcher)
  const before = performance.now()
  process.kill(launcher.child.pid ?? 0, 'SIGINT')
  assert.deepEqual(await launcher.child.exited, { code: 0, signal: null })
  assert.ok(performance.now() - before < 5_000, `${performance.now() - before} ms`)
  assert.deepEqual(markedProcesses(id), [])
  assert.deepEqual(readdirSync(launcher.runs), [])
  assert.deepEqual(launcher.err, [])
})

test('a second Ctrl-C kills everything at once', async () => {
  await using launcher = start([picture])
  await line(launcher, /^ {2}Play /)
  const id = runId(launcher)
  // A runner that does not listen makes closing take long.
  process.kill(pidOf(launcher, 'runner'), 'SIGSTOP')
  process.kill(launcher.child.pid ?? 0, 'SIGINT')
  await pause(400)
  const before = performance.now()
  process.kill(launcher.child.pid ?? 0, 'SIGINT')
  assert.deepEqual(await launcher.child.exited, { code: 130, signal: null })
  assert.ok(performance.now() - before < 500)
  await waitFor(() => markedProcesses(id).length === 0 && readdirSync(launcher.runs).length === 0, {
    what: 'an empty machine',
    deadlineMs: 8_000,
  })
})

test('a launcher that is killed leaves no process and no file behind', async () => {
  await using launcher = start([picture])
  await line(launcher, /^ {2}Play /)
  const id = runId(launcher)
  assert.ok(markedProcesses(id).length >= 4)
  process.kill(launcher.child.pid ?? 0, 'SIGKILL')
  await launcher.child.exited
  await waitFor(() => markedProcesses(id).length === 0 && readdirSync(launcher.runs).length === 0, {
    what: 'an empty machine',
    deadlineMs: 12_000,
  })
})

test('a relay and a runner that are killed come back under the same link', async () => {
  await using launcher = start([picture])
  const play = linkOf(await line(launcher, /^ {2}Play /))
  process.kill(pidOf(launcher, 'relay'), 'SIGKILL')
  await line(launcher, /the relay ended \(signal SIGKILL\); starting it again/)
  const live = { what: 'the room', deadlineMs: 30_000 }
  await waitFor(async () => (await roomState(play)) === 'live', live)
  process.kill(pidOf(launcher, 'runner'), 'SIGKILL')
  await line(launcher, /the runner ended \(signal SIGKILL\); starting it again/)
  await waitFor(async () => (await roomState(play)) === 'live' && pidOf(launcher, 'runner', 2) > 0, live)
})

test('with --lan the page is served over HTTPS with a certificate that is kept', async () => {
  const first = await fingerprint()
  const second = await fingerprint()
  assert.match(first, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  assert.equal(first, second)
})

async function fingerprint(): Promise<string> {
  await using launcher = start([picture, '--lan'])
  const play = linkOf(await line(launcher, /^ {2}Play /))
  assert.equal(play.protocol, 'https:')
  return await line(launcher, /^[0-9A-F:]{95}$/)
}

for (const { what, file, message, env = {}, port } of [
  {
    what: 'a program that is not installed',
    file: () =>
      roomFile(
        'missing',
        ...PICTURE.filter((l) => !l.includes('capture')),
        '  flavor: custom',
        '  runner: {launchCommand: [no-such-game]}',
      ),
    message: /^the program no-such-game is not installed \(ERR_PROGRAM_MISSING\)$/,
  },
  {
    what: 'a worker that is missing',
    file: () => picture,
    env: { MEDIASOUP_WORKER_BIN: '/does/not/exist' },
    message: /\(ERR_\w+\)$/,
  },
  {
    what: 'a port that is in use',
    file: () => picture,
    port: true,
    message: /^port \d+ is in use .*\(ERR_PORT_IN_USE\)$/,
  },
] as { what: string; file: () => string; message: RegExp; env?: Record<string, string>; port?: boolean }[]) {
  test(`${what} is one sentence, a hint and a failure`, async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const args = port === true ? ['--port', String((taken.address() as AddressInfo).port)] : []
    await using launcher = start([file(), ...args], env)
    const { code } = await launcher.child.exited
    taken.close()
    assert.equal(code, 1, launcher.out.join('\n'))
    await waitFor(() => launcher.err.length === 2, {
      what: `two lines in ${JSON.stringify(launcher.err)}`,
      deadlineMs: 1_000,
    })
    assert.match(launcher.err[0] ?? '', message)
    assert.doesNotMatch([...launcher.out, ...launcher.err].join('\n'), /^\s+at /m)
    assert.deepEqual(readdirSync(launcher.runs), [])
  })
}

test('a wrong file is told with line and column, exit status 78, and nothing is started', async () => {
  mkdirSync(join(folder, 'wrong'))
  const file = roomFile('wrong/room', ...PICTURE, '  colour: red', '  input: {uinput: maybe}')
  await using launcher = start(['--check', file])
  assert.equal((await launcher.child.exited).code, 78)
  await waitFor(() => launcher.err.length === 3, { what: 'three lines', deadlineMs: 1_000 })
  assert.deepEqual(launcher.err.slice(0, 2), [
    `${file}:10:3 spec.colour is not a known field`,
    `${file}:11:19 spec.input.uinput must be true or false, not "maybe"`,
  ])
  await using valid = start(['--check', picture])
  assert.equal((await valid.child.exited).code, 0)
  assert.deepEqual([launcher.out, valid.out], [[], [`${picture} is a valid NestriRoom`]])
})

test('a game that ends at once again and again ends the room with its words', async () => {
  const lines = PICTURE.filter((l) => !l.includes('capture:'))
  const file = roomFile(
    'hasty',
    ...lines,
    '  flavor: custom',
    `  runner: {launchCommand: [sh, -c, 'echo no display >&2; exit 3']}`,
  )
  await using launcher = start([file])
  const { code } = await launcher.child.exited
  assert.equal(code, 1, launcher.out.join('\n'))
  await waitFor(() => launcher.err.length >= 2, { what: 'the sentence', deadlineMs: 1_000 })
  assert.match(launcher.err[0] ?? '', /exit code 3.*\(ERR_PROGRAM_EXIT\)$/)
})
