// SPDX-License-Identifier: Apache-2.0
// The runner with real processes: Xvfb, PulseAudio, an X11 program as the game. Only the streamer host is a fake.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findProgram } from '../src/runner/step.ts'
import { CLOCK, environmentOf, sharedMemory, TestRunner } from './support/test-runner.ts'

const ALL = ['desktop', 'audio', 'streamer', 'game']

/** What a running room has that must be gone with it. */
interface Traces {
  pids: number[]
  /** Number of its X display. */
  display: string
}

function tracesOf(runner: TestRunner): Traces {
  const { DISPLAY = '' } = environmentOf(runner.pidOf('game'))
  assert.match(DISPLAY, /^:\d+$/)
  return {
    pids: runner.processes().map(({ pid }) => pid),
    display: DISPLAY.slice(1),
  }
}

/** The run's end must leave no process, socket, shared memory or file. */
async function assertNothingLeft(runner: TestRunner, { pids, display }: Traces): Promise<void> {
  await runner.until('the end of all processes', () => runner.processes().length === 0)
  await runner.until('an empty folder', () => readdirSync(runner.temporary).length === 0)
  const socket = `/tmp/.X11-unix/X${display}`
  // Another server may take the number at once.
  const isTaken = (): boolean => readFileSync('/proc/net/unix', 'latin1').includes(` ${socket}\n`)
  await runner.until('no X socket', () => !existsSync(socket) || isTaken())
  assert.deepEqual(
    sharedMemory().filter(({ creator }) => pids.includes(creator)),
    [],
  )
}

async function aReadyRoom(env: Readonly<Record<string, string>> = {}, steps = ALL): Promise<TestRunner> {
  const runner = new TestRunner({ env })
  try {
    await runner.allReady(...steps)
    return runner
  } catch (error) {
    await runner[Symbol.asyncDispose]()
    throw error
  }
}

test('a room starts step by step, its game sees picture and sound and no token, and SIGTERM ends everything in 4 s', async () => {
  await using runner = await aReadyRoom()
  const starts = runner.statuses
    .filter(({ state, detail }) => state === 'starting' && detail === '')
    .map(({ step }) => step)
  assert.deepEqual(starts, ALL)

  const game = environmentOf(runner.pidOf('game'))
  assert.match(game['DISPLAY'] ?? '', /^:\d+$/)
  assert.match(game['PULSE_SERVER'] ?? '', /^unix:/)
  assert.equal(game['SDL_AUDIODRIVER'], 'pulseaudio')
  assert.ok(game['PATH']?.includes('/usr/games'))
  assert.ok(!JSON.stringify(game).includes('secret.token'))
  assert.equal(environmentOf(runner.pidOf('streamer'))['NESTRI_TOKEN'], 'secret.token.value')
  const [folder = ''] = readdirSync(runner.temporary)
  assert.equal(statSync(join(runner.temporary, folder)).mode & 0o777, 0o700)

  const traces = tracesOf(runner)
  const startMs = performance.now()
  runner.kill('SIGTERM')
  assert.deepEqual(await runner.exited, { code: 0, signal: null })
  assert.ok(performance.now() - startMs < 4_000, `${performance.now() - startMs} ms`)
  const stops = runner.statuses.filter(({ state }) => state === 'stopped').map(({ step }) => step)
  assert.deepEqual(stops, ALL.toReversed())
  await assertNothingLeft(runner, traces)
})

test('a streamer that is killed comes back under the same game', async () => {
  await using runner = await aReadyRoom()
  const [game, desktop] = [runner.pidOf('game'), runner.pidOf('desktop')]
  process.kill(runner.pidOf('streamer'), 'SIGKILL')
  await runner.until('the streamer back', () => runner.timesReady('streamer') === 2)
  assert.equal(runner.pidOf('game'), game)
  assert.equal(runner.pidOf('desktop'), desktop)
})

test('a game that is killed comes back alone', async () => {
  await using runner = await aReadyRoom()
  const others = ['desktop', 'audio', 'streamer'].map((step) => runner.pidOf(step))
  process.kill(runner.pidOf('game'), 'SIGKILL')
  await runner.until('the game back', () => runner.timesReady('game') === 2)
  assert.deepEqual(
    ['desktop', 'audio', 'streamer'].map((step) => runner.pidOf(step)),
    others,
  )
})

for (const [step, other] of [
  ['desktop', 'audio'],
  ['audio', 'desktop'],
] as const) {
  test(`${step} that is killed takes streamer and game with it, and all come back`, async () => {
    await using runner = await aReadyRoom()
    const before = Object.fromEntries(ALL.map((name) => [name, runner.pidOf(name)]))
    process.kill(runner.pidOf(step), 'SIGKILL')
    await runner.until('all back', () => [step, 'streamer', 'game'].every((name) => runner.timesReady(name) === 2))
    for (const name of [step, 'streamer', 'game']) assert.notEqual(runner.pidOf(name), before[name], name)
    assert.equal(runner.pidOf(other), before[other])
  })
}

test('kill -9 of the runner leaves no process, socket, shared memory or file, not even of a game that forked', async () => {
  await using runner = await aReadyRoom({ NESTRI_LAUNCH_CMD: `sh -c "setsid sleep 1000 & exec ${CLOCK} --fps 10"` })
  await runner.until(
    'the game and what it started',
    () => runner.processes().filter(({ step }) => step === 'game').length === 2,
  )
  const traces = tracesOf(runner)
  assert.ok(
    sharedMemory().some(({ creator }) => traces.pids.includes(creator)),
    'the game shares memory with the desktop',
  )
  runner.kill('SIGKILL')
  await runner.exited
  await assertNothingLeft(runner, traces)
})

test('a room ends when its parent closes standard input', async () => {
  await using runner = await aReadyRoom()
  const traces = tracesOf(runner)
  runner.closeStdin()
  assert.deepEqual(await runner.exited, { code: 0, signal: null })
  await assertNothingLeft(runner, traces)
})

test('a game that ignores SIGTERM and leaves its process group ends with the room all the same', async () => {
  const command = `sh -c "trap '' TERM; setsid sh -c 'trap \\"\\" TERM; while :; do sleep 1; done' & ${CLOCK} --fps 10; while :; do sleep 1; done"`
  await using runner = await aReadyRoom({ NESTRI_LAUNCH_CMD: command })
  const traces = tracesOf(runner)
  const startMs = performance.now()
  runner.kill('SIGTERM')
  await runner.exited
  assert.ok(performance.now() - startMs < 4_000, `${performance.now() - startMs} ms`)
  await assertNothingLeft(runner, traces)
})

test('a runner ends what an earlier one of the same name has left', async () => {
  await using first = await aReadyRoom()
  const pids = first.processes().map(({ pid }) => pid)
  await using second = new TestRunner({ env: { NESTRI_RUN_ID: first.runId, AUDIO_CAPTURE_METHOD: 'none' } })
  await second.allReady('desktop', 'streamer', 'game')
  assert.ok(!first.processes().some(({ pid }) => pids.includes(pid)))
})

test('an existing display is streamed without a desktop or a program of our own', async () => {
  const silent = { AUDIO_CAPTURE_METHOD: 'none' }
  await using desktop = await aReadyRoom(silent, ['desktop', 'streamer', 'game'])
  const { DISPLAY = '', XAUTHORITY = '' } = environmentOf(desktop.pidOf('game'))
  await using runner = new TestRunner({
    env: { ...silent, DISPLAY, XAUTHORITY, NESTRI_LAUNCH_CMD: '' },
  })
  await runner.allReady('streamer')
  assert.deepEqual(
    runner.processes().map(({ step }) => step),
    ['streamer'],
  )
  assert.equal(environmentOf(runner.pidOf('streamer'))['DISPLAY'], DISPLAY)
})

test("what a program plays is heard at the sink's monitor, and waits at most 10 ms in the sink", async () => {
  await using runner = await aReadyRoom({ NESTRI_CAPTURE: 'test' }, ['audio', 'streamer'])
  const { PULSE_SERVER = '' } = environmentOf(runner.pidOf('streamer'))
  const env = { ...process.env, PULSE_SERVER }
  const format = ['--raw', '--format=s16le', '--rate=48000', '--channels=1', '--latency-msec=10']
  const player = spawn('pacat', format, { env, stdio: ['pipe', 'ignore', 'ignore'] })
  const listener = spawn('parec', [...format, '-d', 'nestri.monitor'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    player.stdin.on('error', () => undefined)
    const tone = Buffer.alloc(2 * 48_000 * 20, Buffer.from([0x00, 0x30, 0x00, 0xd0]))
    player.stdin.write(tone)
    let loudest = 0
    listener.stdout.on('data', (chunk: Buffer) => {
      for (let at = 0; at + 1 < chunk.length; at += 2) loudest = Math.max(loudest, Math.abs(chunk.readInt16LE(at)))
    })
    await runner.until('the tone', () => loudest > 8_000)
    const sinks = execFileSync('pactl', ['list', 'sinks'], { env, encoding: 'utf8' })
    const [, configuredUs] = /configured (\d+) usec/.exec(sinks) ?? []
    assert.ok(Number(configuredUs) <= 10_000, `${configuredUs} us`)
  } finally {
    player.kill('SIGKILL')
    listener.kill('SIGKILL')
  }
})

test('a test picture needs no desktop, no sound and no game', async () => {
  await using runner = new TestRunner({ env: { NESTRI_CAPTURE: 'test', AUDIO_CAPTURE_METHOD: 'none' } })
  await runner.allReady('streamer')
  assert.deepEqual(
    runner.processes().map(({ step }) => step),
    ['streamer'],
  )
})

/** A room that cannot be: its exit status and last words. */
async function refused(env: Readonly<Record<string, string>>, hostArgs: readonly string[] = []): Promise<string> {
  await using runner = new TestRunner({ env, hostArgs })
  const { code } = await runner.exited
  assert.deepEqual(runner.processes(), [])
  return `${code}\n${runner.stderr}`
}

test('a program that is not installed is named before anything is started', async () => {
  assert.match(
    await refused({ NESTRI_LAUNCH_CMD: 'no-such-game --fast' }),
    /^1\nthe program no-such-game .*ERR_PROGRAM_MISSING/,
  )
})

test('PipeWire that is not installed is named', { skip: hasPipeWire() ? 'PipeWire is installed' : false }, async () => {
  assert.match(await refused({ AUDIO_CAPTURE_METHOD: 'pipewire' }), /^1\nthe program pipewire .*ERR_PROGRAM_MISSING/)
})

test('a display that does not exist is named', async () => {
  assert.match(await refused({ DISPLAY: ':4711' }), /^1\n.*:4711.*ERR_CAPTURE/)
})

test('a wrong environment is told with all its problems at once, status 78', async () => {
  const words = await refused({ FRAMERATE: '1000', VIDEO_BITRATE: 'much' })
  assert.match(words, /^78\n/)
  assert.match(words, /FRAMERATE=1000/)
  assert.match(words, /VIDEO_BITRATE=much/)
})

test('what the streamer says about a failure that stays so ends the room with the same words', async () => {
  const words = await refused({}, ['the link has expired (ERR_TOKEN_EXPIRED)'])
  assert.match(words, /^1\n/)
  assert.match(words, /the link has expired \(ERR_TOKEN_EXPIRED\)\nDo something about it\.\n$/)
})

test('a room whose folder is given keeps to it and leaves it empty', async () => {
  await using runner = new TestRunner({ env: { NESTRI_CAPTURE: 'test', AUDIO_CAPTURE_METHOD: 'pulseaudio' } })
  const folder = join(runner.temporary, 'given')
  mkdirSync(folder, { mode: 0o700 })
  mkdirSync(join(folder, 'room-left'))
  await using inFolder = new TestRunner({ env: { NESTRI_CAPTURE: 'test', NESTRI_RUN_DIR: folder } })
  await inFolder.allReady('audio', 'streamer')
  assert.equal(readdirSync(folder).length, 1)
  inFolder.kill('SIGTERM')
  await inFolder.exited
  assert.deepEqual(readdirSync(folder), [])
})

function hasPipeWire(): boolean {
  return findProgram('pipewire', process.env['PATH'] ?? '') !== undefined
}
