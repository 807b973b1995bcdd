// SPDX-License-Identifier: Apache-2.0
// The runner as a program, apart from which streamer host it starts.

import { runApp } from '@nestri/runtime'
import { readConfig } from './config.ts'
import type { RunnerConfig } from './config.ts'
import { runRoom } from './room.ts'

/** How long everything may take to end, in ms: the steps' grace periods one after the other, and a little. */
const CLOSE_MS = 4_500

/** Runs until it is told to end or the room cannot be; sets the exit status and ends the process. */
export async function runRunner(host: readonly string[]): Promise<void> {
  let config: RunnerConfig | undefined
  let problem: unknown
  try {
    config = readConfig()
  } catch (error) {
    problem = error
  }
  const { debug = false, verbose = false, parentStdin = false } = config?.settings ?? {}
  await runApp(
    {
      name: 'runner',
      logLevel: debug || verbose ? 'debug' : 'info',
      endWithParent: parentStdin,
      closeDeadlineMs: CLOSE_MS,
    },
    async (app) => {
      if (config === undefined) throw problem
      await runRoom(
        {
          ...config,
          host,
          onStatus: (step, state, detail) => {
            process.stdout.write(`${JSON.stringify({ type: 'status', step, state, detail })}\n`)
          },
          onHostLog: (line) => process.stderr.write(`${line}\n`),
        },
        app,
      )
    },
  )
}
