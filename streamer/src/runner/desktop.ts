// SPDX-License-Identifier: Apache-2.0
// The room's own desktop: Xvfb on a display number that is free, open to those alone who can read its cookie.

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Resolution } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import { startProcesses } from './process-step.ts'
import type { Step } from './step.ts'
import { authorityFile, probeDisplay } from './x11-probe.ts'

export interface DesktopOptions {
  resolution: Resolution
  /** The run's private folder. */
  folder: string
  env: Readonly<Record<string, string>>
  /** Told of each display, so that its socket is removed even if we cannot do it ourselves. */
  onDisplay: (number: string) => void
  log: Logger
}

const READY_MS = 15_000

/** Xvfb; offers DISPLAY and XAUTHORITY. */
export function desktopStep(options: DesktopOptions): Step {
  const { resolution, folder, env, onDisplay, log } = options
  return {
    id: 'desktop',
    graceMs: 400,
    programs: ['Xvfb'],
    path: env['PATH'] ?? '',
    start: () => {
      const authority = join(folder, 'Xauthority')
      writeFileSync(authority, authorityFile(randomBytes(16)), { mode: 0o600 })
      const number = Promise.withResolvers<string>()
      let chosen: string | undefined
      return startProcesses({
        programs: [
          {
            name: 'Xvfb',
            command: 'Xvfb',
            args: xvfbArgs(resolution, authority),
            env,
            onStdout: number.resolve,
            onStderr: (line) => log.debug({ line }, 'desktop says'),
          },
        ],
        readyMs: READY_MS,
        ready: async () => {
          chosen = await number.promise
          const display = `:${chosen}`
          onDisplay(chosen)
          using probe = await probeDisplay(display, readFileSync(authority))
          await probe.hasWindow()
          return { DISPLAY: display, XAUTHORITY: authority }
        },
        cleanUp: async () => {
          // A server that was killed leaves its socket behind; with -displayfd it makes no lock.
          if (chosen !== undefined) await removeSocket(chosen)
        },
      })
    },
  }
}

/** Arguments of Xvfb. Pure. */
function xvfbArgs({ widthPx, heightPx }: Resolution, authority: string): string[] {
  return [
    // The server chooses a free number and writes it to its standard output when it accepts connections.
    ...['-displayfd', '1'],
    ...['-screen', '0', `${widthPx}x${heightPx}x24`],
    ...['-nolisten', 'tcp'],
    ...['-auth', authority],
    // The desktop must outlive its last window, and must not go dark.
    ...['-noreset', '-s', '0', '-dpi', '96'],
  ]
}

/** Removes the socket of a display whose server is gone, unless another server has taken its number since. */
async function removeSocket(number: string): Promise<void> {
  const path = `/tmp/.X11-unix/X${number}`
  const listening = readFileSync('/proc/net/unix', 'latin1').split('\n')
  if (!listening.some((line) => line.endsWith(` ${path}`))) await rm(path, { force: true })
}
