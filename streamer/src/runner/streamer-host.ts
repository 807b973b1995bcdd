// SPDX-License-Identifier: Apache-2.0
// The step that streams: the host program (main.ts of this package) as a child. It tells its state as JSON lines on standard
// output and logs as JSON lines on standard error.

import { fileURLToPath } from 'node:url'
import { ERRORS } from '@nestri/protocol'
import type { ErrorCode } from '@nestri/protocol'
import { EXIT_CONFIG, ExitError } from '@nestri/runtime'
import type { Child, Logger } from '@nestri/runtime'
import * as v from 'valibot'
import { startProcesses } from './process-step.ts'
import type { Offers, Step } from './step.ts'

export interface StreamerHostOptions {
  /** Program and arguments of the host. */
  command: readonly string[]
  env: (offers: Offers) => Readonly<Record<string, string>>
  /** Told of each state of the host, e.g. `connecting` with the reason. */
  onState: (state: HostState, reason: string) => void
  /** Gets each line of the host's log, as it is. */
  onLog: (line: string) => void
  log: Logger
}

export type HostState = 'starting' | 'connecting' | 'streaming' | 'stopped'

const hostStatus = v.object({
  type: v.literal('status'),
  state: v.picklist(['starting', 'connecting', 'streaming', 'stopped']),
  reason: v.optional(v.string(), ''),
})

/** The host; ready with its first `streaming`. */
export function streamerStep({ command, env, onState, onLog, log }: StreamerHostOptions): Step {
  const [file = '', ...args] = command
  return {
    id: 'streamer',
    graceMs: 1_200,
    programs: [file],
    path: env({})['PATH'] ?? '',
    start: (offers) => {
      const streaming = Promise.withResolvers<Offers>()
      return startProcesses({
        programs: [
          {
            name: 'streamer',
            command: file,
            args,
            env: env(offers),
            onStdout: (line) => {
              const status = parseStatus(line)
              if (status === undefined) return
              onState(status.state, status.reason)
              if (status.state === 'streaming') streaming.resolve({})
            },
            onStderr: (line) => (line.startsWith('{') ? onLog(line) : log.warn({ line }, 'streamer says')),
          },
        ],
        // No deadline: the relay may be away for any time, and the host watches its own encoder.
        ready: async (_children, signal) => {
          signal.addEventListener('abort', () => streaming.reject(new Error('the streamer ended')), { once: true })
          return await streaming.promise
        },
        fatal: (child) => fatalEnd(child),
      })
    },
  }
}

/** How the host of this package is started: from its sources, or compiled, as this file is. */
export function hostCommand(nodePath: string): string[] {
  const isSource = import.meta.url.endsWith('.ts')
  const entry = fileURLToPath(new URL(isSource ? '../main.ts' : '../main.js', import.meta.url))
  return [nodePath, ...(isSource ? ['--conditions=source'] : []), entry]
}

/** What a child's own explanation is worth: a wrong configuration, or a code whose catalogue entry says that it stays so. */
class ProgramFailure extends Error {
  override readonly name = 'ProgramFailure'
  readonly code: ErrorCode
  readonly hint: string

  constructor(code: ErrorCode, message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

function fatalEnd(child: Child): Error | undefined {
  const lines = child.lastWords()
  if (child.status?.code === EXIT_CONFIG) return new ExitError(EXIT_CONFIG, lines.join('\n'))
  if (child.status?.code === 0) return undefined
  const at = lines.findLastIndex((line) => SENTENCE.test(line))
  const [, message = '', code = ''] = SENTENCE.exec(lines[at] ?? '') ?? []
  if (!isErrorCode(code) || ERRORS[code].retry) return undefined
  return new ProgramFailure(code, message, lines[at + 1] ?? ERRORS[code].hint)
}

/** How runApp prints an expected failure. */
const SENTENCE = /^(.*) \((ERR_[A-Z_]+)\)$/

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

function parseStatus(line: string): v.InferOutput<typeof hostStatus> | undefined {
  try {
    const result = v.safeParse(hostStatus, JSON.parse(line))
    return result.success ? result.output : undefined
  } catch {
    return undefined
  }
}
