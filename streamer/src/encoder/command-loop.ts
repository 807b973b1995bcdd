// SPDX-License-Identifier: Apache-2.0
// Reads commands, runs them one after another on a backend and writes replies and events. A line that cannot be read is
// answered and the loop goes on; `stop` and the end of the input do not wait for a command that takes long.

import { NestriError } from '@nestri/protocol'
import { messageOf } from '@nestri/runtime'
import { CommandError } from './backend.ts'
import type { EncoderBackend } from './backend.ts'
import { ENCODER_CONTRACT_VERSION, MAX_LINE_BYTES } from './contract.ts'
import type { Command, Failure, Reply } from './contract.ts'
import { lineTooLong, parseCommandLine } from './contract-parser.ts'
import { LineSplitter } from './line-splitter.ts'

/** Commands that may wait for the one before; a host that sends more does not read its replies. */
const MAX_WAITING = 256

export interface CommandLoopOptions {
  backend: EncoderBackend
  /** Writes one line. */
  write: (line: string) => void
  /** `stop` came, or the input ended. Called once. */
  onStop: () => void
}

export class CommandLoop {
  readonly #options: CommandLoopOptions
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES)
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0
  #greeted = false
  #stopped = false

  constructor(options: CommandLoopOptions) {
    this.#options = options
  }

  /** Takes bytes of standard input. */
  push(chunk: Buffer): void {
    for (const line of this.#splitter.push(chunk)) {
      if ('tooLong' in line) this.#refuse(lineTooLong())
      else this.#onLine(line.text)
    }
  }

  /** Standard input has ended: the host is gone. */
  end(): void {
    this.#stop()
  }

  #onLine(line: string): void {
    const parsed = parseCommandLine(line)
    if ('broken' in parsed) {
      this.#refuse(parsed.broken)
      return
    }
    const { command } = parsed
    if (command.type === 'stop') {
      this.#reply({ type: 'reply', id: command.id, ok: true })
      this.#stop()
    } else if (this.#waiting >= MAX_WAITING) {
      this.#refuse({ id: command.id, code: 'too-many', message: `${MAX_WAITING} commands wait already` })
    } else {
      this.#waiting += 1
      this.#tail = this.#tail.then(async () => await this.#handle(command))
    }
  }

  async #handle(command: Exclude<Command, { type: 'stop' }>): Promise<void> {
    this.#waiting -= 1
    if (this.#stopped) return
    try {
      if (!this.#greeted && command.type !== 'hello')
        throw new CommandError('hello-expected', 'the first command is hello')
      const result = await this.#run(command)
      this.#reply({ type: 'reply', id: command.id, ok: true, ...(result === undefined ? {} : { result }) })
    } catch (error) {
      this.#refuse({ id: command.id, ...failureOf(error) })
    }
  }

  async #run(command: Exclude<Command, { type: 'stop' }>): Promise<unknown> {
    const { backend } = this.#options
    switch (command.type) {
      case 'hello':
        if (command.version !== ENCODER_CONTRACT_VERSION) {
          throw new CommandError(
            'version-mismatch',
            `version ${command.version} is not spoken here, ${ENCODER_CONTRACT_VERSION} is`,
          )
        }
        this.#greeted = true
        return backend.capabilities()
      case 'start':
        return await backend.start(command.session)
      case 'probe':
        return await backend.probe(command)
      case 'answer':
        return await backend.answer(command.sdp)
      case 'bitrate':
        return backend.setBitrate(command.bitrateKbps)
      case 'keyframe':
        return backend.requestKeyFrame(command.reason)
      case 'input':
        return backend.input(command.viewer, Buffer.from(command.message, 'base64'))
      case 'input-stream':
        return backend.addInputStream(command)
      case 'input-stream-closed':
        return backend.removeInputStream(command.streamId)
      case 'release':
        return backend.release(command.viewer)
      case 'restart-encoder':
        return await backend.restartEncoder()
      case 'stats':
        return backend.stats()
    }
  }

  #refuse({ id, ...error }: Failure & { id: number | null }): void {
    this.#reply({ type: 'reply', id, ok: false, error: { code: error.code, message: error.message } })
  }

  #reply(reply: Reply): void {
    if (!this.#stopped) this.#options.write(JSON.stringify(reply))
  }

  #stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#options.onStop()
  }
}

/** What a reply says about an error. */
function failureOf(error: unknown): Failure {
  if (error instanceof CommandError || error instanceof NestriError) {
    return { code: error.code, message: error.message.slice(0, 4000) }
  }
  return { code: 'failed', message: messageOf(error).slice(0, 4000) }
}
