// SPDX-License-Identifier: Apache-2.0
// A supervised child process: its own process group, its last words kept, ended by SIGTERM and then SIGKILL, and dying
// with us even when we are killed (PR_SET_PDEATHSIG through util-linux' setpriv).

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** How a process ended: an exit status, or a signal. */
export interface ExitStatus {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface ChildOptions {
  /** What it is called in messages. */
  name: string
  command: string
  args?: readonly string[]
  /** The whole environment of the child: nothing is inherited. */
  env: Readonly<Record<string, string>>
  cwd?: string
  /** Gets each line of standard output. */
  onStdout?: (line: string) => void
  /** Gets each line of standard error. The last lines are kept anyway. */
  onStderr?: (line: string) => void
  /** 'pipe' (default) keeps standard input open as a sign of life that ends when we die; 'ignore' gives it none. */
  stdin?: 'pipe' | 'ignore'
  /** Whether the kernel kills the child when this process dies (default true). It does not reach grandchildren. */
  dieWithParent?: boolean
}

/** Lines of standard error that are kept for a message about the child's end. */
const LAST_WORDS = 12
/** Longest line that is passed on; a program that prints without line ends must not fill our memory. */
const MAX_LINE_CHARS = 64 * 1024

export class Child implements AsyncDisposable {
  readonly name: string
  readonly exited: Promise<ExitStatus>
  readonly #process: ChildProcess
  readonly #lastWords: string[] = []
  #status: ExitStatus | undefined

  constructor(process: ChildProcess, options: ChildOptions) {
    this.name = options.name
    this.#process = process
    this.exited = new Promise((resolve) => {
      const end = (status: ExitStatus): void => {
        this.#status ??= status
        resolve(this.#status)
      }
      process.once('exit', (code, signal) => end({ code, signal }))
      // Only a spawn that failed has no pid; later errors (a kill that was refused) are not the child's end.
      process.on('error', (error) => {
        this.#remember(error.message)
        if (process.pid === undefined) end({ code: 127, signal: null })
      })
    })
    process.stdin?.on('error', () => {
      // The child closed its input or is gone; `exited` tells.
    })
    readLines(process.stdout, (line) => options.onStdout?.(line))
    readLines(process.stderr, (line) => {
      this.#remember(line)
      options.onStderr?.(line)
    })
  }

  /** Process id, or undefined where the program could not be started. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** How it ended, or undefined while it runs. */
  get status(): ExitStatus | undefined {
    return this.#status
  }

  /** The last lines of its standard error, for a message about its end. */
  lastWords(): string[] {
    return [...this.#lastWords]
  }

  /** Writes a line to its standard input. False = the pipe is full or closed: the caller drops or waits. */
  writeLine(line: string): boolean {
    const stdin = this.#process.stdin
    return stdin?.writable === true && stdin.write(`${line}\n`)
  }

  /** Bytes of `writeLine` that the child has not read yet. */
  get pendingBytes(): number {
    return this.#process.stdin?.writableLength ?? 0
  }

  /** Sends a signal to the child's whole process group. */
  signal(signal: NodeJS.Signals): void {
    if (this.pid === undefined) return
    try {
      process.kill(-this.pid, signal)
    } catch {
      // ESRCH: the group is gone already.
    }
  }

  /** SIGTERM to the group, SIGKILL after `graceMs`; resolves when the child is gone. What is left of its group is killed too. */
  async stop({ graceMs = 2_000 }: { graceMs?: number } = {}): Promise<ExitStatus> {
    if (this.#status === undefined) {
      this.signal('SIGTERM')
      const timer = setTimeout(() => this.signal('SIGKILL'), graceMs)
      await this.exited
      clearTimeout(timer)
    }
    this.signal('SIGKILL')
    return await this.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #remember(line: string): void {
    this.#lastWords.push(line.slice(0, 500))
    if (this.#lastWords.length > LAST_WORDS) this.#lastWords.shift()
  }
}

/** Starts a program. A program that does not exist is not an exception: `exited` resolves with code 127. */
export function spawnChild(options: ChildOptions): Child {
  const { command, args = [], stdin = 'pipe', dieWithParent = true } = options
  const [file, argv] =
    dieWithParent && process.platform === 'linux'
      ? ['setpriv', ['--pdeathsig', 'KILL', '--', command, ...args]]
      : [command, [...args]]
  const child = spawn(file, argv, {
    env: { ...options.env },
    cwd: options.cwd,
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
  })
  return new Child(child, options)
}

/** Words for an exit status: `exit code 3`, `signal SIGSEGV`. */
export function describeExit({ code, signal }: ExitStatus): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`
}

/** Waits until standard input ends: whoever started us with a pipe is gone. */
export async function parentGone(signal: AbortSignal): Promise<void> {
  process.stdin.resume()
  await once(process.stdin, 'close', { signal }).catch(() => undefined)
}

function readLines(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream === null) return
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    onLine(line.slice(0, MAX_LINE_CHARS))
  })
}
