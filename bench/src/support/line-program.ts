// SPDX-License-Identifier: Apache-2.0
// A helper program that is spoken to line by line: a command on its standard input, facts on its standard output.

import { setTimeout as wait } from 'node:timers/promises'
import { type Child, describeExit, spawnChild } from '@nestri/runtime'

export interface LineProgramOptions {
  name: string
  command: string
  args?: readonly string[]
  /** CPU that it may run on; undefined = any. */
  cpu?: number
}

/** Longest wait for an answer. */
const ANSWER_MS = 20_000

export class LineProgram implements AsyncDisposable {
  readonly child: Child
  readonly #name: string
  readonly #lines: string[] = []
  readonly #waiters = new Set<() => void>()

  constructor({ name, command, args = [], cpu }: LineProgramOptions) {
    this.#name = name
    const pinned = cpu === undefined ? [command, ...args] : ['taskset', '-c', String(cpu), command, ...args]
    const [file = command, ...rest] = pinned
    this.child = spawnChild({
      name,
      command: file,
      args: rest,
      env: { PATH: '/usr/bin:/bin' },
      onStdout: (line) => {
        this.#lines.push(line)
        for (const wake of this.#waiters) wake()
      },
    })
  }

  /** Sends a command. */
  tell(line: string): void {
    this.child.writeLine(line)
  }

  /**
   * Takes the first line that begins with `start` and a blank, and returns the words behind it.
   * @throws {Error} when the program ends first or nothing comes in time
   */
  async take(start: string, deadlineMs: number = ANSWER_MS): Promise<string[]> {
    const found = await this.#wait((line) => line === start || line.startsWith(`${start} `), deadlineMs, start)
    return found.slice(start.length + 1).split(' ')
  }

  /** Sends a command and takes everything up to the line `end`. */
  async list(command: string): Promise<string[]> {
    this.tell(command)
    await this.#wait((line) => line === 'end', ANSWER_MS, command, false)
    const end = this.#lines.indexOf('end')
    return this.#lines.splice(0, end + 1).slice(0, -1)
  }

  async #wait(fits: (line: string) => boolean, deadlineMs: number, what: string, remove = true): Promise<string> {
    const deadline = new AbortController()
    const late = wait(deadlineMs, 'late' as const, { signal: deadline.signal }).catch(() => 'late' as const)
    const ended = this.child.exited.then(() => 'ended' as const)
    try {
      for (;;) {
        const index = this.#lines.findIndex(fits)
        const line = this.#lines[index]
        if (line !== undefined) {
          if (remove) this.#lines.splice(index, 1)
          return line
        }
        const { promise: arrived, resolve } = Promise.withResolvers<'line'>()
        const wake = (): void => resolve('line')
        this.#waiters.add(wake)
        const next = await Promise.race([arrived, late, ended])
        this.#waiters.delete(wake)
        if (next !== 'line') throw new Error(`${this.#name}: no ${what}, ${next}${this.#lastWords()}`)
      }
    } finally {
      deadline.abort()
    }
  }

  #lastWords(): string {
    const { status } = this.child
    return [status === undefined ? '' : ` with ${describeExit(status)}`, ...this.child.lastWords()].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop()
  }
}
