// SPDX-License-Identifier: Apache-2.0
// The real programs, started as their users start them: by command line and environment, each in its own process.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RoomFacts, RoomList } from '@nestri/protocol'
import { type Child, spawnChild, waitFor } from '@nestri/runtime'
import { baseEnv, NODE, ROOT, VERBOSE, X11_CLOCK } from './config.ts'
import { inviteClaims, type Keys, makeKeys, operatorClaims, runnerClaims } from './keys.ts'
import { freePorts } from './ports.ts'

/** A program with everything it printed. */
export interface Program extends AsyncDisposable {
  child: Child
  /** Lines of standard output and error, in order of arrival. */
  lines: string[]
}

export interface ProgramOptions {
  name: string
  command: string
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
}

/** Starts any program with the base environment plus `env`. */
export function startProgram({ name, command, args = [], env = {} }: ProgramOptions): Program {
  const lines: string[] = []
  const onLine = (line: string): void => {
    lines.push(line)
    if (VERBOSE) process.stderr.write(`[${name}] ${line}\n`)
  }
  const child = spawnChild({ name, command, args, env: { ...baseEnv(), ...env }, onStdout: onLine, onStderr: onLine })
  return {
    child,
    lines,
    [Symbol.asyncDispose]: async () => {
      await child.stop({ graceMs: 6_000 })
    },
  }
}

/** Starts one of our own entry points, e.g. `relay/src/main.ts`. */
export function startOurs(entry: string, env: Readonly<Record<string, string>>, args: readonly string[] = []): Program {
  return startProgram({
    name: entry.split('/')[0] ?? entry,
    command: NODE,
    args: ['--conditions=source', join(ROOT, entry), ...args],
    env,
  })
}

export interface Relay extends AsyncDisposable {
  program: Program
  port: number
  /** UDP and TCP port of the first worker; the next workers follow. */
  mediaPort: number
  metricsPort: number
  env: Readonly<Record<string, string>>
  keys: Keys
  url: string
  /** The page of a room for a role. */
  link: (room: string, role: 'player' | 'spectator') => Promise<string>
  /** What the operator sees of a room, or undefined. */
  room: (name: string) => Promise<RoomFacts | undefined>
  /** kill -9, then the same relay again on the same ports with the same keys. */
  crashAndRestart: () => Promise<void>
}

/** Starts a relay on free ports of loopback and waits until it is ready. */
export async function openRelay(env: Readonly<Record<string, string>> = {}): Promise<Relay> {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-e2e-'))
  const keys = await makeKeys(folder)
  const port = await freePorts(4)
  const all = {
    ENDPOINT_PORT: String(port),
    WEBRTC_UDP_MUX: String(port + 1),
    METRICS_PORT: String(port + 3),
    METRICS: 'true',
    NESTRI_LISTEN_ADDRESS: '127.0.0.1',
    NESTRI_WORKERS: '2',
    NESTRI_KEYS_DIR: folder,
    PERSIST_DIR: folder,
    ...env,
  }
  const url = `http://127.0.0.1:${port}`
  const operator = await keys.sign(operatorClaims())
  let program = startOurs('relay/src/main.ts', all)
  const ready = async (): Promise<void> => {
    await waitFor(() => answers(`${url}/readyz`, program), { what: 'a ready relay', deadlineMs: 20_000, everyMs: 100 })
  }
  await ready()
  return {
    get program() {
      return program
    },
    port,
    mediaPort: port + 1,
    metricsPort: port + 3,
    env: all,
    keys,
    url,
    link: async (room, role) => `${url}/?room=${room}#token=${await keys.sign(inviteClaims(room, role))}`,
    room: async (name) => {
      const response = await fetch(`${url}/api/rooms`, { headers: { authorization: `Bearer ${operator}` } })
      const list = (await response.json()) as RoomList
      return list.rooms.find(({ room }) => room === name)
    },
    crashAndRestart: async () => {
      program.child.signal('SIGKILL')
      await program.child.exited
      program = startOurs('relay/src/main.ts', all)
      await ready()
    },
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string, program: Program): Promise<boolean> {
  if (program.child.status !== undefined) throw new Error(`the relay ended:\n${program.lines.join('\n')}`)
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

export interface StreamerOptions {
  room: string
  epoch?: number
  env?: Readonly<Record<string, string>>
}

/** Environment of a runner for a room on `relay`: the test source at 720p60 without sound, unless `env` says more. */
export async function runnerEnv(
  relay: Relay,
  { room, epoch = 1, env = {} }: StreamerOptions,
): Promise<Record<string, string>> {
  return {
    RELAY_URL: `ws://127.0.0.1:${relay.port}`,
    NESTRI_ROOM: room,
    NESTRI_EPOCH: String(epoch),
    NESTRI_TOKEN: await relay.keys.sign(runnerClaims(room, epoch)),
    NESTRI_CAPTURE: 'test',
    AUDIO_CAPTURE_METHOD: 'none',
    VIDEO_ENCODER_TYPE: 'software',
    RESOLUTION: '1280x720',
    FRAMERATE: '60',
    ...env,
  }
}

/** Starts a streamer alone (no desktop, no game) and waits until its room is live. */
export async function openStreamer(relay: Relay, options: StreamerOptions): Promise<Program> {
  const streamer = startOurs('streamer/src/main.ts', await runnerEnv(relay, options))
  await roomIsLive(relay, options.room, streamer)
  return streamer
}

/** Starts the supervisor of a room's processes and waits until the room is live. `game` is the launch command. */
export async function openRunner(relay: Relay, options: StreamerOptions & { game?: string }): Promise<Program> {
  const env = { NESTRI_CAPTURE: 'x11', NESTRI_LAUNCH_CMD: options.game ?? X11_CLOCK, ...options.env }
  const runner = startOurs('streamer/src/runner/main.ts', await runnerEnv(relay, { ...options, env }))
  await roomIsLive(relay, options.room, runner)
  return runner
}

/** Waits until media of a room flows; an ended program is told with its last words. */
export async function roomIsLive(relay: Relay, room: string, program: Program, deadlineMs = 30_000): Promise<void> {
  await waitFor(
    async () => {
      if (program.child.status !== undefined)
        throw new Error(`the runner ended:\n${program.lines.slice(-30).join('\n')}`)
      return (await relay.room(room))?.state === 'live'
    },
    { what: `live room ${room}`, deadlineMs, everyMs: 100 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${program.lines.slice(-30).join('\n')}`)
  })
}
