// SPDX-License-Identifier: Apache-2.0
// The frame of every program: signals become one AbortSignal, what was opened is closed in reverse, an expected failure is
// one sentence with a hint, and the exit status says what happened.

import { parentGone } from './child-process.ts'
import { ExitError, isExpectedError, messageOf } from './errors.ts'
import { createLogger } from './log.ts'
import type { Logger, LogLevel } from './log.ts'

export interface App {
  /** Aborts on SIGINT and SIGTERM, and when the parent is gone where `endWithParent` is set. */
  signal: AbortSignal
  /** What is put here is disposed in reverse order before the program ends. */
  stack: AsyncDisposableStack
  log: Logger
}

export interface AppOptions {
  name: string
  logLevel?: LogLevel
  /** End when standard input closes: the parent keeps it open as its sign of life. */
  endWithParent?: boolean
  /** Time for closing everything before the program ends regardless, in ms. */
  closeDeadlineMs?: number
}

/** Signals closer together than this are one. */
const SAME_SIGNAL_MS = 300

/**
 * Runs `main` until it returns or the signal aborts, closes everything and sets the exit status: 0, that of ExitError or
 * of the expected error, 1 for others. A second SIGINT or SIGTERM ends the program at once with 130.
 */
export async function runApp(options: AppOptions, main: (app: App) => Promise<void>): Promise<void> {
  const log = createLogger(options.name, options.logLevel)
  const aborter = new AbortController()
  const stack = new AsyncDisposableStack()
  let signalledAtMs: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    // One Ctrl-C arrives more than once: the terminal sends it to the whole group, and npm passes it on as well.
    if (signalledAtMs !== undefined && performance.now() - signalledAtMs > SAME_SIGNAL_MS) process.exit(130)
    signalledAtMs ??= performance.now()
    aborter.abort(new Error(`received ${signal}`))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'unexpected failure')
    process.exit(1)
  })
  if (options.endWithParent === true) {
    void parentGone(aborter.signal).then(() => aborter.abort(new Error('the parent process is gone')))
  }
  // A program that only waits for its end has no handle of its own that keeps the event loop going.
  const keepAlive = setInterval(() => undefined, 2 ** 30)
  try {
    await main({ signal: aborter.signal, stack, log })
  } catch (error) {
    if (!aborter.signal.aborted) process.exitCode = report(error, log)
  }
  aborter.abort(new Error('the program ends'))
  const closed = stack.disposeAsync().catch((error: unknown) => log.warn({ err: error }, 'closing failed'))
  const late = setTimeout(() => {
    log.warn({ deadlineMs: options.closeDeadlineMs ?? 5_000 }, 'closing took too long')
    process.exit(process.exitCode ?? 1)
  }, options.closeDeadlineMs ?? 5_000)
  await closed
  clearTimeout(late)
  clearInterval(keepAlive)
  process.exit()
}

/** Waits until `signal` aborts. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function report(error: unknown, log: Logger): number {
  if (error instanceof ExitError) {
    if (error.message !== '') process.stderr.write(`${error.message}\n`)
    return error.exitCode
  }
  if (isExpectedError(error)) {
    process.stderr.write(`${error.message} (${error.code})\n${error.hint}\n`)
    return error.exitCode ?? 1
  }
  log.error({ err: error }, messageOf(error))
  return 1
}
