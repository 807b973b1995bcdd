// SPDX-License-Identifier: Apache-2.0
// `npm start` as its user sees it: a file, a port, two links, and the processes behind them.

import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@nestri/runtime'
import { X11_CLOCK } from './config.ts'
import { freePorts } from './ports.ts'
import { type Program, startOurs } from './programs.ts'

export interface Launcher extends AsyncDisposable {
  program: Program
  port: number
  /** Links that it printed. */
  player: string
  spectator: string
  /** Newest process of this room whose command line matches, or undefined. */
  pid: (pattern: RegExp) => number | undefined
  /** kill -9 of the process that matches; returns its pid. */
  kill: (pattern: RegExp) => number
}

/** Command lines of a room's processes. */
export const PROCESS: Readonly<Record<'relay' | 'runner' | 'host' | 'encoder' | 'desktop' | 'sound' | 'game', RegExp>> =
  {
    relay: /relay\/src\/main/,
    runner: /streamer\/src\/runner\/main/,
    host: /streamer\/src\/main/,
    encoder: /streamer\/src\/encoder\/main/,
    desktop: /^Xvfb /,
    sound: /^(\/usr\/bin\/)?pulseaudio /,
    game: /nestri-x11-clock/,
  }

/** A room file with the X11 test program as its game. */
export function clockRoom(name: string, spec = ''): string {
  return `apiVersion: nestri.io/v1alpha1
kind: NestriRoom
metadata: { name: ${name} }
spec:
  flavor: custom
  runner: { launchCommand: ["${X11_CLOCK}"] }
  audio: { captureMethod: pulseaudio }
  gpu: { mode: none }
${spec}`
}

/** Starts the launcher with a room file's text and waits for its links. */
export async function openLauncher(roomFile: string): Promise<Launcher> {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-e2e-room-'))
  const file = join(folder, 'room.yaml')
  await writeFile(file, roomFile)
  const port = await freePorts(6)
  const program = startOurs('local/src/main.ts', { METRICS_PORT: String(port + 5) }, [file, '--port', String(port)])
  const links = (): string[] => program.lines.join('\n').match(/https?:\/\/\S+#token=\S+/g) ?? []
  await waitFor(
    () => {
      if (program.child.status !== undefined) throw new Error(`npm start ended:\n${program.lines.join('\n')}`)
      return links().length >= 2
    },
    { what: 'both links', deadlineMs: 60_000 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${program.lines.join('\n')}`)
  })
  const [player = '', spectator = ''] = links()
  const pid = (pattern: RegExp): number | undefined => descendants(program.child.pid ?? 0, pattern).at(-1)
  return {
    program,
    port,
    player,
    spectator,
    pid,
    kill: (pattern) => {
      const found = pid(pattern)
      if (found === undefined) throw new Error(`no process of the room matches ${pattern}`)
      process.kill(found, 'SIGKILL')
      return found
    },
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Process {
  pid: number
  parent: number
  command: string
}

/** Living descendants of `root` whose command line matches, by pid. */
function descendants(root: number, pattern: RegExp): number[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? readProcess(Number(name)) : []))
  const ours = new Set([root])
  for (let size = 0; size !== ours.size; ) {
    size = ours.size
    for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid)
  }
  return all
    .filter(({ pid, command }) => pid !== root && ours.has(pid) && pattern.test(command))
    .map(({ pid }) => pid)
    .sort((a, b) => a - b)
}

function readProcess(pid: number): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return state === 'Z' ? [] : [{ pid, parent: Number(parent), command }]
  } catch {
    return []
  }
}
