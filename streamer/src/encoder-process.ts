// SPDX-License-Identifier: Apache-2.0
// The host's end of the encoder process: starts it so that it dies with us, sends commands and waits for their replies
// with a limit each, and tells when it is gone with its last words.

import { describeExit, spawnChild, withDeadline } from '@nestri/runtime'
import type { Child, ExitStatus, Logger } from '@nestri/runtime'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { CommandError } from './encoder/backend.ts'
import { ENCODER_CONTRACT_VERSION, MAX_PENDING_BYTES } from './encoder/contract.ts'
import type {
  Capabilities,
  CommandBody,
  EncoderEvent,
  ProbedEncoder,
  Reply,
  SessionRequest,
  Started,
} from './encoder/contract.ts'
import { capabilitiesResult, parseOutputLine, probedResult, startedResult } from './encoder/contract-parser.ts'

/** Longest times that are waited, in ms. A start may probe several drivers. */
export const ENCODER_TIMEOUTS = { hello: 10_000, start: 45_000, probe: 120_000, control: 8_000, stop: 1_500 } as const

/** A running session says something every second; silence means that the process hangs. */
const SILENCE_MS = 6_000

/** Signals that a program gives itself by a fault. */
const CRASHES: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP'])

export interface EncoderProcessOptions {
  /** The whole environment of the process. */
  env: Readonly<Record<string, string>>
  /** Arguments of the encoder process, for tests. */
  args?: readonly string[]
  log: Logger
  onEvent: (event: EncoderEvent) => void
  /** The process is gone, with its last words; `crashed` = by a fault of its own. Called once. */
  onEnded: (end: { reason: string; crashed: boolean }) => void
}

interface Waiting {
  resolve: (result: unknown) => void
  reject: (error: Error) => void
}

export class EncoderProcess implements AsyncDisposable {
  readonly #options: EncoderProcessOptions
  readonly #child: Child
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #lastEvent = ''
  #heardAtMs = performance.now()
  #watch: NodeJS.Timeout | undefined
  #ended: string | undefined

  constructor(options: EncoderProcessOptions) {
    this.#options = options
    this.#child = spawnChild({
      name: 'the encoder process',
      command: process.execPath,
      args: [...entryPoint(), ...(options.args ?? [])],
      env: options.env,
      onStdout: (line) => this.#onLine(line),
      onStderr: (line) => options.log.debug({ line }, 'encoder process says'),
    })
    void this.#child.exited.then((status) => this.#onExit(status))
  }

  /** Process id, or undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Greets it. @throws {CommandError} when it speaks another version or is gone */
  async hello(): Promise<Capabilities> {
    const result = await this.request({ type: 'hello', version: ENCODER_CONTRACT_VERSION }, ENCODER_TIMEOUTS.hello)
    return v.parse(capabilitiesResult, result)
  }

  /** Starts the session. @throws {CommandError} with the code of its refusal */
  async start(session: SessionRequest): Promise<Started> {
    const result = await this.request({ type: 'start', session }, ENCODER_TIMEOUTS.start)
    this.#heardAtMs = performance.now()
    this.#watch = setInterval(() => this.#onSilence(), 1_000)
    return v.parse(startedResult, result)
  }

  /** Probes every known encoder. */
  async probe(request: Omit<Extract<CommandBody, { type: 'probe' }>, 'type'>): Promise<ProbedEncoder[]> {
    return v.parse(probedResult, await this.request({ type: 'probe', ...request }, ENCODER_TIMEOUTS.probe))
  }

  /**
   * Sends a command and waits for its reply.
   * @throws {CommandError} with the code of a refusal, `gone` when the process ended, `timeout` when it did not answer
   */
  async request(body: CommandBody, timeoutMs: number = ENCODER_TIMEOUTS.control): Promise<unknown> {
    if (this.#ended !== undefined) throw new CommandError('gone', this.#ended)
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.set(id, { resolve, reject })
    this.#child.writeLine(JSON.stringify({ id, ...body }))
    try {
      return await withDeadline(promise, timeoutMs, `${body.type} of the encoder process`)
    } catch (error) {
      throw error instanceof CommandError ? error : new CommandError('timeout', String(error))
    } finally {
      this.#waiting.delete(id)
    }
  }

  /** Bytes that it has not read yet; above MAX_PENDING_BYTES input is to be dropped. */
  get congested(): boolean {
    return this.#child.pendingBytes > MAX_PENDING_BYTES
  }

  /** Ends it at once, because it does not answer. `onEnded` follows. */
  kill(): void {
    this.#child.signal('SIGKILL')
  }

  /** Ends it in order, or by force when that takes too long. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === undefined) {
      this.#child.writeLine(JSON.stringify({ id: this.#nextId++, type: 'stop' }))
      await withDeadline(this.#child.exited, ENCODER_TIMEOUTS.stop, 'the end').catch(() => undefined)
    }
    await this.#child.stop({ graceMs: 0 })
  }

  #onLine(line: string): void {
    this.#heardAtMs = performance.now()
    const message = parseOutputLine(line)
    if (message === undefined) {
      this.#options.log.debug({ line: line.slice(0, 500) }, 'encoder process printed something else')
    } else if (message.type === 'reply') {
      this.#onReply(message)
    } else {
      if (message.type === 'error') this.#lastEvent = message.message
      this.#options.onEvent(message)
    }
  }

  #onReply(reply: Reply): void {
    const waiting = reply.id === null ? undefined : this.#waiting.get(reply.id)
    if (waiting === undefined) {
      if (!reply.ok) this.#options.log.warn({ error: reply.error }, 'encoder process refused a command')
    } else if (reply.ok) {
      waiting.resolve(reply.result)
    } else {
      waiting.reject(new CommandError(reply.error.code, reply.error.message))
    }
  }

  #onSilence(): void {
    if (performance.now() - this.#heardAtMs < SILENCE_MS) return
    this.#lastEvent = `it said nothing for ${SILENCE_MS / 1000} s`
    this.kill()
  }

  #onExit(status: ExitStatus): void {
    clearInterval(this.#watch)
    // Its last lines may still be in the pipe when the kernel has already told its end.
    setImmediate(() => {
      const words = this.#child.lastWords().join('\n')
      const said = [this.#lastEvent, words].filter((text) => text !== '').join('; ')
      const reason = `the encoder process ended with ${describeExit(status)}${said === '' ? '' : `: ${said}`}`
      this.#ended = reason
      for (const { reject } of this.#waiting.values()) reject(new CommandError('gone', reason))
      this.#waiting.clear()
      this.#options.onEnded({ reason, crashed: status.signal !== null && CRASHES.has(status.signal) })
    })
  }
}

/** The encoder's program beside this one, as source or as it was built. */
function entryPoint(): string[] {
  const source = import.meta.url.endsWith('.ts')
  const file = fileURLToPath(new URL(source ? './encoder/main.ts' : './encoder/main.js', import.meta.url))
  return source ? ['--conditions=source', file] : [file]
}
