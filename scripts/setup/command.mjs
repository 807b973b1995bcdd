// SPDX-License-Identifier: Apache-2.0
// Runs the programs of the set-up: output into a log file, lines to whoever shows progress, the log's tail when the
// program fails, and no program left behind when the set-up itself is ended.

import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SetupError } from './errors.mjs'
import { logFolder } from './paths.mjs'

const TAIL_LINES = 25
const running = new Set()

/**
 * Ends the programs that run when the set-up is told to end. A program in the middle of changing the system
 * (`finish: true`) is let through to its end first: half a package installation would have to be repaired by hand.
 * @returns {() => void} puts the signals back to what they were
 */
export function endProgramsOnSignals() {
  const onSignal = (signal, number) => {
    const finishing = [...running].filter((child) => child.finish)
    for (const child of running) if (!child.finish) endGroup(child)
    if (finishing.length === 0) {
      process.stderr.write(`\nset-up ended by ${signal}; the next run goes on from here\n`)
      process.exit(128 + number)
    }
    process.stderr.write(`\n${signal}: the package manager is let finish first, so that it is not left half done\n`)
    for (const child of finishing) child.once('close', () => process.exit(128 + number))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
}

function endGroup(child) {
  try {
    process.kill(-child.pid, 'SIGTERM')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** The environment for programs of the set-up: plain English without questions, and the system's Node rather than the clone's. */
export function plainEnvironment(extra = {}) {
  const path = (process.env.PATH || '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')
    .split(':')
    .filter((folder) => !folder.endsWith('/node_modules/.bin'))
  // Some containers give root a PATH without the folders of system programs, which dpkg then misses.
  for (const folder of ['/usr/sbin', '/sbin']) if (!path.includes(folder)) path.push(folder)
  return { ...process.env, PATH: path.join(':'), LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', ...extra }
}

/**
 * Runs a program to its end and returns what it wrote to its standard output.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: Record<string, string>, log?: string, onLine?: (line: string) => void,
 *   timeoutMs?: number, finish?: boolean, nice?: boolean}} [options] `log` names the log file without its ending;
 *   `finish`: see endProgramsOnSignals; `nice`: give way to other programs
 * @returns {Promise<string>}
 * @throws {SetupError} when it cannot be started, fails, or takes longer than `timeoutMs`
 */
export async function run(command, args, { cwd, env, log, onLine, timeoutMs, finish = false, nice = false } = {}) {
  await mkdir(logFolder, { recursive: true })
  const logFile = log && join(logFolder, `setup-${log}.log`)
  const logStream = logFile && createWriteStream(logFile, { flags: 'a' })
  logStream?.write(`\n$ ${[command, ...args].join(' ')}\n`)
  // In a process group of its own, so that Ctrl-C ends programs in our order and not in the terminal's; and told to end
  // when the set-up is killed, unless it must finish.
  const line = [command, ...args]
  if (nice) line.unshift('nice', '-n', '5')
  if (!finish) line.unshift('setpriv', '--pdeathsig', 'TERM')
  const child = spawn(line[0], line.slice(1), {
    cwd,
    env: env ?? plainEnvironment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.finish = finish
  running.add(child)
  let stdout = ''
  let timedOut = false
  const tail = []
  const take = (line) => {
    logStream?.write(`${line}\n`)
    tail.push(line)
    if (tail.length > TAIL_LINES) tail.shift()
    onLine?.(line)
  }
  child.stdout.on('data', (data) => {
    stdout += data
  })
  createInterface({ input: child.stdout }).on('line', take)
  createInterface({ input: child.stderr }).on('line', take)
  const timer =
    timeoutMs &&
    setTimeout(() => {
      timedOut = true
      endGroup(child)
    }, timeoutMs)
  const end = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code, signal) => resolve(code === 0 ? '' : (signal ?? `exit status ${code}`)))
  })
  clearTimeout(timer)
  running.delete(child)
  logStream?.end()
  if (end === '') return stdout
  const how = timedOut ? `took longer than ${timeoutMs / 1000} s` : `ended with ${end}`
  throw new SetupError(`${command} ${args[0] ?? ''} ${how}`, { tail: tail.join('\n'), log: logFile })
}

/** Whether a program ends with status 0; for fast checks. */
export async function succeeds(command, args, options) {
  return run(command, args, options).then(
    () => true,
    () => false,
  )
}

/**
 * Tries three times, with growing pauses between: downloads fail for reasons that pass.
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {(error: Error, pauseMs: number) => void} onFailure told of each failure but the last
 * @returns {Promise<T>}
 */
export async function withRetries(attempt, onFailure, pausesMs = [2_000, 8_000]) {
  for (const pauseMs of pausesMs) {
    try {
      return await attempt()
    } catch (error) {
      onFailure(error, pauseMs)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  return attempt()
}
