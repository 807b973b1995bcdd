// SPDX-License-Identifier: Apache-2.0
// Runs one phase of `npm test`: its commands or its tests, within its deadline, with nothing left running.

import { spawn, spawnSync } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { logFolder, node24, root } from '../setup/paths.mjs'

const reporter = fileURLToPath(new URL('./reporter.mjs', import.meta.url))
/** Between the request to end and the end by force. */
const GRACE_MS = 5_000
const LATE = 'its deadline passed'
let current

/** Ends what runs now, when `npm test` itself is told to end. */
export function endCurrent(signal) {
  if (current) kill(current, signal)
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** Runs a command with our terminal until `signal`'s deadline. Resolves to an empty string or to how it failed. */
async function runCommand([command, ...args], env, deadlineAtMs) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  current = child
  let late = false
  const timers = []
  const end = () => {
    late = true
    kill(child, 'SIGTERM')
    timers.push(setTimeout(() => kill(child, 'SIGKILL'), GRACE_MS))
  }
  timers.push(setTimeout(end, Math.max(0, deadlineAtMs - Date.now())))
  const how = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(code === 0 ? '' : (signal ?? `exit status ${code}`)))
  })
  for (const timer of timers) clearTimeout(timer)
  // What the command started and did not end.
  kill(child, 'SIGKILL')
  current = undefined
  return late ? LATE : how
}

function environment(options) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  return { ...process.env, PATH: path, ...(options.long && { NESTRI_TEST_LONG: '1' }) }
}

/** Runs a command that writes its counts to a file. */
async function runCounting(phase, makeCommand, options, deadlineAtMs) {
  const summary = join(logFolder, `test-${phase.name}.json`)
  await mkdir(logFolder, { recursive: true })
  await rm(summary, { force: true })
  const how = await runCommand(makeCommand(summary), environment(options), deadlineAtMs)
  const found = await readFile(summary, 'utf8').catch(() => '')
  if (found === '')
    return { passed: 0, failed: 1, skipped: 0, why: [how || 'no result was written'], late: how === LATE }
  const result = JSON.parse(found)
  const why = result.failures.map(({ name, file, line }) => `${name} (${file?.replace(`${root}/`, '')}:${line})`)
  if (how !== '' && result.failed === 0) return { ...result, failed: 1, why: [how], late: how === LATE }
  return { ...result, why, late: how === LATE }
}

/** The command that runs a phase's node:test files. */
function testCommand({ tests: { timeoutMs } }, files, options, summary) {
  return [
    node24,
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-timeout=${options.long ? timeoutMs * 4 : timeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${summary}`,
    ...files,
  ]
}

/** The files that globs stand for; Node 24 expands them, as this may be an older one. */
function expand(globs) {
  const program = "console.log(require('node:fs').globSync(process.argv.slice(1)).sort().join('\\n'))"
  const { stdout } = spawnSync(node24, ['-e', program, ...globs], { cwd: root, encoding: 'utf8' })
  return stdout.split('\n').filter((file) => file !== '')
}

/**
 * Runs test files one after the other, each within a deadline of its own: one that hangs does not cost the others. A file
 * that fails is run once more, and what passes then is told as unsteady: media in real time shares its machine with
 * whatever else its host runs.
 */
async function runOneByOne(phase, globs, options, phaseDeadlineAtMs) {
  const { fileDeadlineMs } = phase.tests
  const sum = { passed: 0, failed: 0, skipped: 0, why: [], unsteady: [], slowest: [] }
  const runFile = async (file, title) => {
    const ownDeadlineAtMs = Date.now() + (options.long ? fileDeadlineMs * 4 : fileDeadlineMs)
    const deadlineAtMs = Math.min(ownDeadlineAtMs, phaseDeadlineAtMs)
    process.stdout.write(`-- ${title}\n`)
    const makeCommand = (summary) => testCommand(phase, [file], options, summary)
    const result = await runCounting(phase, makeCommand, options, deadlineAtMs)
    const why = result.late ? ['its process had not ended; does it leave something open?'] : []
    return { ...result, why: [...why, ...result.why].map((one) => `${file}: ${one}`) }
  }
  for (const file of expand(globs)) {
    let result = await runFile(file, file)
    if (result.failed > 0 && Date.now() < phaseDeadlineAtMs) {
      const first = result.why
      result = await runFile(file, `${file}, once more`)
      if (result.failed === 0) sum.unsteady.push(...first)
    }
    for (const key of ['passed', 'failed', 'skipped']) sum[key] += result[key]
    sum.why.push(...result.why)
    sum.slowest.push(...(result.slowest ?? []))
  }
  return sum
}

async function runCommands(phase, options, deadlineAtMs) {
  const result = { passed: 0, failed: 0, skipped: 0, why: [] }
  for (const command of phase.commands) {
    const how = await runCommand(command, environment(options), deadlineAtMs)
    if (how === '') result.passed += 1
    else {
      result.failed += 1
      result.why.push(`${command.join(' ').replaceAll(`${root}/`, '')}: ${how}`)
    }
  }
  return result
}

/**
 * Runs a phase.
 * @param {import('./phases.mjs').Phase} phase
 * @param {{long: boolean, files: string[]}} options
 * @returns {Promise<{passed: number, failed: number, skipped: number, why: string[], unsteady?: string[], slowest?: {name: string, ms: number}[]}>}
 */
export function runPhase(phase, options) {
  const deadlineAtMs = Date.now() + (options.long ? phase.deadlineMs * 6 : phase.deadlineMs)
  if (phase.commands) return runCommands(phase, options, deadlineAtMs)
  const files = options.files.length > 0 ? options.files : phase.tests?.files
  if (phase.tests?.fileDeadlineMs) return runOneByOne(phase, files, options, deadlineAtMs)
  const makeCommand = (summary) =>
    phase.program ? [...phase.program, summary] : testCommand(phase, files, options, summary)
  return runCounting(phase, makeCommand, options, deadlineAtMs)
}
