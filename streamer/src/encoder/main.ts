// SPDX-License-Identifier: Apache-2.0
// The encoder process: the only program that loads the addon, so that a crash of native code ends nothing else. Driven
// over standard input and output by the contract of contract.ts; standard error is for words. It takes no environment
// of its own: `--addon=PATH` names another addon and `--backend=stub` loads none.

import { parseArgs } from 'node:util'
import { messageOf } from '@nestri/runtime'
import { ADDON_PATH, loadAddon } from '../native.ts'
import type { BackendEvents, EncoderBackend } from './backend.ts'
import { CommandLoop } from './command-loop.ts'
import type { EncoderEvent } from './contract.ts'
import { GstreamerBackend } from './gstreamer-backend.ts'
import { openStubBackend } from './stub-backend.ts'

/** Time for closing the session; a driver that hangs must not keep the process. The host kills a little later. */
const CLOSE_DEADLINE_MS = 1_200

const { values } = parseArgs({
  options: { addon: { type: 'string', default: ADDON_PATH }, backend: { type: 'string', default: 'gstreamer' } },
})

function openBackend(events: BackendEvents): EncoderBackend {
  if (values.backend === 'stub') return openStubBackend('')
  try {
    return new GstreamerBackend(loadAddon(values.addon), events)
  } catch (error) {
    return openStubBackend(messageOf(error))
  }
}

let ending = false

/** Closes the session and ends the process with `status`; the reason is its last event. */
function end(status: number, reason: string): void {
  if (ending) return
  ending = true
  const exit = (): never => {
    write({ type: 'status', state: 'stopped', reason })
    process.exit(status)
  }
  setTimeout(exit, CLOSE_DEADLINE_MS)
  backend[Symbol.asyncDispose]().then(exit, exit)
}

function write(event: EncoderEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

const backend = openBackend({
  emit: write,
  onFatal: (failure) => {
    write({ type: 'error', ...failure })
    end(1, failure.message)
  },
})

const loop = new CommandLoop({
  backend,
  write: (line) => process.stdout.write(`${line}\n`),
  onStop: () => end(0, ''),
})

process.stdin.on('data', (chunk: Buffer) => loop.push(chunk))
process.stdin.on('end', () => loop.end())
process.stdin.on('error', () => loop.end())
// The host is gone or reads no more.
process.stdout.on('error', () => process.exit(1))
process.on('SIGTERM', () => end(0, 'received SIGTERM'))
// A terminal's Ctrl-C reaches the whole group; the host decides what happens.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`)
  write({ type: 'error', code: 'ERR_INTERNAL', message: error.message, encoder: '' })
  process.exit(1)
})
