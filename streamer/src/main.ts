// SPDX-License-Identifier: Apache-2.0
// The streamer: captures and encodes a desktop and publishes it to a relay. Standard output is for the program that
// supervises it, one JSON line per change of state; logs go to standard error.

import { ERRORS, NestriError } from '@nestri/protocol'
import type { ErrorCode } from '@nestri/protocol'
import { createLogger, ExitError, runApp } from '@nestri/runtime'
import { capabilitiesTable } from './capabilities-table.ts'
import { helpText, readCommandLine } from './config.ts'
import type { CommandLine, StreamerConfig } from './config.ts'
import { EncoderProcess } from './encoder-process.ts'
import { sessionRequest, videoOf, wishOf } from './session-request.ts'
import { StreamHost } from './stream-host.ts'
import type { SessionEnd } from './session.ts'

/** Closing ends the encoder process, which may take its whole grace. */
const CLOSE_DEADLINE_MS = 4_000

/** An end by a code of the catalogue, told in the words that came with it. */
class EndedError extends Error {
  readonly code: string
  readonly hint: string

  constructor({ reason, code = 'ERR_INTERNAL' }: SessionEnd) {
    super(reason)
    this.code = code
    this.hint = Object.hasOwn(ERRORS, code) ? new NestriError(code as ErrorCode).hint : ''
  }
}

async function stream(config: StreamerConfig): Promise<void> {
  const { settings, logLevel } = config
  await runApp(
    { name: 'streamer', logLevel, endWithParent: settings.parentStdin, closeDeadlineMs: CLOSE_DEADLINE_MS },
    async ({ signal, stack, log }) => {
      // What cannot be asked for is told before anything is started.
      sessionRequest(settings, config.machine)
      const host = stack.use(
        new StreamHost({
          config,
          log: log.child({ room: settings.room, epoch: settings.epoch }),
          onStatus: (status) => process.stdout.write(`${JSON.stringify(status)}\n`),
        }),
      )
      const end = await host.run(signal)
      if (end.exitCode !== 0) throw new EndedError(end)
    },
  )
}

async function showCapabilities({ settings, machine, encoderEnv }: StreamerConfig, json: boolean): Promise<void> {
  await runApp({ name: 'streamer', logLevel: 'error' }, async ({ stack }) => {
    const encoder = stack.use(
      new EncoderProcess({
        env: encoderEnv,
        log: createLogger('streamer', 'error'),
        onEvent: () => undefined,
        onEnded: () => undefined,
      }),
    )
    const capabilities = await encoder.hello()
    const codecs = ['h264', 'vp8', 'h265'] as const
    const encoders =
      capabilities.backend === 'stub'
        ? []
        : await encoder.probe({
            video: videoOf(settings, machine, settings.videoBitrateKbps),
            wish: wishOf(settings, []),
            codecs,
          })
    process.stdout.write(
      json ? `${JSON.stringify({ capabilities, encoders }, null, 2)}\n` : capabilitiesTable(capabilities, encoders),
    )
  })
}

async function main(): Promise<void> {
  let commandLine: CommandLine
  try {
    commandLine = readCommandLine()
  } catch (error) {
    if (!(error instanceof ExitError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = error.exitCode
    return
  }
  switch (commandLine.kind) {
    case 'help':
      process.stdout.write(helpText())
      return
    case 'capabilities':
      return await showCapabilities(commandLine.config, commandLine.json)
    case 'run':
      return await stream(commandLine.config)
  }
}

await main()
