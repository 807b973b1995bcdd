// SPDX-License-Identifier: Apache-2.0
// A runner under test: started as its parent would, with a folder for temporary files of its own, and looked at from
// outside.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@nestri/runtime'

const PROGRAM = fileURLToPath(new URL('./runner-with-fake-host.ts', import.meta.url))

/** The X11 test program, built with the addon. */
export const CLOCK: string = fileURLToPath(new URL('../../native/build/nestri-x11-clock', import.meta.url))

export interface Status {
  step: string
  state: string
  detail: string
}

export interface TestRunnerOptions {
  env?: Readonly<Record<string, string>>
  /** Arguments of the fake host. */
  hostArgs?: readonly string[]
}

/** A started process of the run. */
export interface RunProcess {
  pid: number
  /** Last part of its mark: desktop, audio, streamer, game. */
  step: string
}

export class TestRunner implements AsyncDisposable {
  readonly runId: string = `test-${randomBytes(4).toString('hex')}`
  /** Folder for temporary files of this runner; what is in it at the end was left behind. */
  readonly temporary: string = mkdtempSync(join(tmpdir(), 'nestri-test-'))
  readonly statuses: Status[] = []
  readonly exited: Promise<{ code: number | null; signal: string | null }>
  stderr = ''
  readonly #process: ChildProcess

  constructor({ env = {}, hostArgs = [] }: TestRunnerOptions = {}) {
    if (!existsSync(CLOCK)) throw new Error(`${CLOCK} is missing; run npm run setup, which builds it`)
    const settings = { ...DEFAULTS, NESTRI_RUN_ID: this.runId, TMPDIR: this.temporary, HOME: this.temporary, ...env }
    this.#process = spawn(process.execPath, ['--conditions=source', PROGRAM, ...hostArgs], {
      env: { PATH: process.env['PATH'], ...settings },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let rest = ''
    this.#process.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      this.statuses.push(...lines.map((line) => JSON.parse(line) as Status))
    })
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString()
    })
    this.exited = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  closeStdin(): void {
    this.#process.stdin?.end()
  }

  /** Waits until the newest state of each of these steps is `ready`. */
  async allReady(...steps: string[]): Promise<void> {
    await this.until(`${steps.join(', ')} ready`, () => steps.every((step) => this.latest(step) === 'ready'))
  }

  async until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
    try {
      return (await waitFor(condition, { what, deadlineMs: 30_000, everyMs: 20 })) as T
    } catch (error) {
      throw new Error(`${String(error)}\n${JSON.stringify(this.statuses)}\n${this.stderr}`)
    }
  }

  latest(step: string): string | undefined {
    return this.statuses.findLast((status) => status.step === step)?.state
  }

  /** How often a step has become ready. */
  timesReady(step: string): number {
    return this.statuses.filter((status) => status.step === step && status.state === 'ready').length
  }

  /** Living processes with the mark of this run, the runner itself apart. */
  processes(): RunProcess[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const mark = environmentOf(Number(name))['NESTRI_RUN_ID']
        if (mark?.startsWith(`${this.runId}-`) !== true) return []
        return [{ pid: Number(name), step: mark.slice(mark.lastIndexOf('-') + 1) }]
      })
  }

  /** Process of a step, or 0. */
  pidOf(step: string): number {
    return this.processes().find((one) => one.step === step)?.pid ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGTERM')
    await this.exited
    rmSync(this.temporary, { recursive: true, force: true })
  }
}

/** Variables of a process; empty where it is gone or somebody else's. */
export function environmentOf(pid: number): Record<string, string> {
  try {
    const text = readFileSync(`/proc/${pid}/environ`, 'utf8')
    return Object.fromEntries(
      text
        .split('\0')
        .filter((line) => line.includes('='))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
  } catch {
    return {}
  }
}

/** Segments of System V shared memory: id and the process that made it. */
export function sharedMemory(): { id: number; creator: number }[] {
  const [, ...lines] = readFileSync('/proc/sysvipc/shm', 'utf8').trim().split('\n')
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/)
    return { id: Number(fields[1]), creator: Number(fields[4]) }
  })
}

const DEFAULTS: Readonly<Record<string, string>> = {
  RELAY_URL: 'ws://127.0.0.1:1',
  NESTRI_ROOM: 'test',
  NESTRI_TOKEN: 'secret.token.value',
  NESTRI_CAPTURE: 'x11',
  NESTRI_LAUNCH_CMD: `${CLOCK} --fps 10`,
  NESTRI_PARENT_STDIN: 'true',
  AUDIO_CAPTURE_METHOD: 'pulseaudio',
  RESOLUTION: '800x480',
  VERBOSE: 'true',
}
