// SPDX-License-Identifier: Apache-2.0
// The real streamer program with everything that it prints.

import { fileURLToPath } from 'node:url'
import { spawnChild, waitFor } from '@nestri/runtime'
import type { Child } from '@nestri/runtime'
import { ordinaryEnv } from './environment.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface TestStreamer extends AsyncDisposable {
  child: Child
  /** States that it printed, in order. */
  states: string[]
  /** Lines of standard error. */
  lines: string[]
  /** Waits for a state after `after` of the same. */
  state: (state: string, after?: number) => Promise<void>
  /** Process ids of the encoder processes that it started, in order. */
  encoderPids: () => number[]
  /** Ends the first encoder process by a signal. */
  killEncoder: (signal: 'SIGKILL' | 'SIGSEGV') => void
}

/** Arguments of Node that start it. */
export const STREAMER_ARGS: readonly string[] = ['--conditions=source', MAIN]

/** The environment of a streamer of the test picture, 360p30 and silent. */
export function streamerEnvironment(url: string): Record<string, string> {
  return {
    ...ordinaryEnv(),
    RELAY_URL: url,
    NESTRI_ROOM: 'demo',
    NESTRI_AUTH: 'open',
    NESTRI_CAPTURE: 'test',
    AUDIO_CAPTURE_METHOD: 'none',
    VIDEO_ENCODER_TYPE: 'software',
    RESOLUTION: '640x360',
    FRAMERATE: '30',
  }
}

/** Starts it with the test source at 360p30 and no sound, for a relay at `url`. */
export function startStreamer(url: string, env: Readonly<Record<string, string>> = {}): TestStreamer {
  const states: string[] = []
  const lines: string[] = []
  const child = spawnChild({
    name: 'streamer',
    command: process.execPath,
    args: STREAMER_ARGS,
    env: { ...streamerEnvironment(url), ...env },
    onStdout: (line) => states.push((JSON.parse(line) as { state: string }).state),
    onStderr: (line) => lines.push(line),
  })
  const encoderPids = (): number[] =>
    lines.flatMap((line) => {
      const [, pid] = /"pid":(\d+),"msg":"encoder process started"/.exec(line) ?? []
      return pid === undefined ? [] : [Number(pid)]
    })
  return {
    child,
    states,
    lines,
    state: async (state, after = 0) => {
      await waitFor(
        () => {
          if (child.status !== undefined) throw new Error(`the streamer ended:\n${lines.slice(-12).join('\n')}`)
          return states.filter((one) => one === state).length > after
        },
        { what: `state ${state}`, deadlineMs: 20_000, everyMs: 20 },
      )
    },
    encoderPids,
    killEncoder: (signal) => {
      const [pid] = encoderPids()
      if (pid === undefined) throw new Error('no encoder process was started')
      process.kill(pid, signal)
    },
    [Symbol.asyncDispose]: async () => {
      await child.stop({ graceMs: 5_000 })
    },
  }
}
