// SPDX-License-Identifier: Apache-2.0
// A child that is kept running: started again after a crash with back-off, until it is closed or restart-policy.ts says
// that another attempt is of no use.

import { NestriError } from '@nestri/protocol'
import { backoffMs, describeExit, pause, spawnChild } from '@nestri/runtime'
import type { Child, ChildOptions, ExitStatus } from '@nestri/runtime'
import { lastSentence, tellingLines } from './child-words.ts'
import { afterEnd } from './restart-policy.ts'

export interface KeptChildOptions {
  /** What it is called in sentences, e.g. `the relay`. */
  name: string
  /** How incarnation 1, 2, ... is started. */
  start: (incarnation: number) => Promise<ChildOptions>
  /** Whether it ever did what it is for. */
  everWorked: () => boolean
  /** Whether it repeats by itself what is worth repeating. */
  repeatsItself: boolean
  /** Ends what an incarnation that is gone left behind, so that it does not stand in the way of its successor. */
  sweep: (incarnation: number) => Promise<void>
  /** Tells the user something. */
  onStatus: (line: string) => void
  /** Time between SIGTERM and SIGKILL when it is closed, in ms. */
  graceMs: number
}

/** The first repetition comes quickly: viewers wait for it. */
const BACKOFF = { baseMs: 200, maxMs: 10_000 }

/** A child's own explanation of its end, told in its words. */
export class ChildFailure extends Error {
  override readonly name = 'ChildFailure'
  readonly code: string
  readonly hint: string

  constructor(code: string, message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

export class KeptChild implements AsyncDisposable {
  /** Rejects when the child is given up; never resolves. */
  readonly failed: Promise<never>
  readonly #options: KeptChildOptions
  readonly #closing = new AbortController()
  readonly #loop: Promise<void>
  #child: Child | undefined
  #incarnation = 0

  constructor(options: KeptChildOptions) {
    this.#options = options
    const { promise, reject } = Promise.withResolvers<never>()
    this.failed = promise
    this.failed.catch(() => undefined)
    this.#loop = this.#run().catch(reject)
  }

  /** Kills the child's process group at once, without waiting. For the second Ctrl-C. */
  kill(): void {
    this.#child?.signal('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#child?.stop({ graceMs: this.#options.graceMs })
    await this.#loop
    await this.#options.sweep(this.#incarnation)
  }

  async #run(): Promise<void> {
    const { name, onStatus } = this.#options
    let earlyEnds = 0
    for (let incarnation = 1; !this.#closing.signal.aborted; incarnation++) {
      this.#incarnation = incarnation
      const childOptions = await this.#options.start(incarnation)
      if (this.#closing.signal.aborted) return
      const startedAtMs = performance.now()
      const words: string[] = []
      const child = spawnChild({
        ...childOptions,
        onStderr: (line) => {
          words.push(line)
          if (words.length > MAX_WORDS) words.shift()
          childOptions.onStderr?.(line)
        },
      })
      this.#child = child
      const status = await child.exited
      // The last lines of its standard error may still be on their way.
      await pause(LAST_WORDS_MS)
      if (this.#closing.signal.aborted) return
      const sentence = lastSentence(words)
      const { repeatsItself } = this.#options
      const everWorked = this.#options.everWorked()
      const uptimeMs = performance.now() - startedAtMs
      const decision = afterEnd({ code: status.code, uptimeMs, everWorked, repeatsItself, sentence, earlyEnds })
      child.signal('SIGKILL')
      await this.#options.sweep(incarnation)
      if (decision.kind === 'give up') throw this.#failure(words, status)
      earlyEnds = decision.earlyEnds
      const waitMs = backoffMs(Math.max(0, earlyEnds - 1), BACKOFF)
      const why = sentence?.message ?? describeExit(status)
      onStatus(`${name} ended (${why}); starting it again in ${(waitMs / 1000).toFixed(1)} s`)
      await pause(waitMs, this.#closing.signal)
    }
  }

  #failure(words: readonly string[], status: ExitStatus): Error {
    const { name, onStatus } = this.#options
    const sentence = lastSentence(words)
    if (sentence !== undefined) return new ChildFailure(sentence.code, sentence.message, sentence.hint)
    for (const line of tellingLines(words)) onStatus(`${name}: ${line}`)
    return new NestriError('ERR_PROGRAM_EXIT', { program: name, status: describeExit(status) })
  }
}

const LAST_WORDS_MS = 20
/** Lines of standard error that are kept; a stack trace must not push out the line before it. */
const MAX_WORDS = 60
