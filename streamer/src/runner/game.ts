// SPDX-License-Identifier: Apache-2.0
// The step that is played: any X11 program.

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pause } from '@nestri/runtime'
import type { Logger } from '@nestri/runtime'
import { killMarked } from './caretaker.ts'
import { startProcesses } from './process-step.ts'
import type { Offers, Step } from './step.ts'
import { probeDisplay } from './x11-probe.ts'

export interface GameOptions {
  command: readonly string[]
  env: (offers: Offers) => Readonly<Record<string, string>>
  log: Logger
}

/** A program that shows no window for so long is taken as ready anyway: it may be loading. */
const WINDOW_MS = 30_000
const POLL_MS = 200

/** The game; ready when its first window is on the screen. */
export function gameStep({ command, env, log }: GameOptions): Step {
  const [file = '', ...args] = command
  return {
    id: 'game',
    graceMs: 1_500,
    programs: [file],
    path: env({})['PATH'] ?? '',
    start: (offers) => {
      const own = env(offers)
      const home = own['HOME'] ?? ''
      return startProcesses({
        programs: [
          {
            name: file,
            // A path is meant from where the runner stands, not from the game's home.
            command: file.includes('/') ? resolve(file) : file,
            args,
            env: own,
            stdin: 'ignore',
            ...(existsSync(home) ? { cwd: home } : {}),
            onStdout: (line) => log.debug({ line }, 'game says'),
            onStderr: (line) => log.debug({ line }, 'game says'),
          },
        ],
        ready: async (_children, signal) => {
          await windowShown(own, signal)
          return {}
        },
        // What it started may have left its process group.
        cleanUp: async () => await killMarked(own['NESTRI_RUN_ID'] ?? 'none', own['PATH'] ?? ''),
      })
    },
  }
}

async function windowShown(env: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  const { DISPLAY: display = '', XAUTHORITY: authority } = env
  using probe = await probeDisplay(display, authority === undefined ? undefined : readFileSync(authority))
  const end = performance.now() + WINDOW_MS
  while (!(await probe.hasWindow()) && performance.now() < end) {
    await pause(POLL_MS, signal)
    signal.throwIfAborted()
  }
}
