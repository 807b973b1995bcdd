// SPDX-License-Identifier: Apache-2.0
// Prepares a machine: `node scripts/setup.mjs [--for start|test]`. Runs on Node 18 or newer without any package; the
// programs `npm start` and `npm test` call it first. What is done already is skipped.

import { realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endProgramsOnSignals } from './setup/command.mjs'
import { SetupError } from './setup/errors.mjs'
import { lockSetup } from './setup/lock.mjs'
import { cacheRoot, root } from './setup/paths.mjs'
import { Progress } from './setup/progress.mjs'
import { steps } from './setup/steps.mjs'

const USAGE = `Usage: node scripts/setup.mjs [--for start|test]

Installs and builds what is missing for \`npm start\` (the default) or \`npm test\`:
${steps.map(({ title, why }) => `  ${title.padEnd(18)}${why}`).join('\n')}

NESTRI_CACHE            folder for what is expensive to build, instead of ~/.cache/nestri
MEDIASOUP_WORKER_BIN    a mediasoup worker of your own
NESTRI_SKIP_PACKAGES=1  leave Debian packages to you
NESTRI_SKIP_SETUP=1     leave everything to you
`

async function isDone(step, goal) {
  try {
    return await step.isDone(goal)
  } catch (error) {
    throw Object.assign(error, { step })
  }
}

async function runStep(step, number, goal, progress) {
  progress.start(`[${number}/${steps.length}] ${step.title}`)
  try {
    await step.run(goal, progress)
  } catch (error) {
    progress.end('failed')
    throw Object.assign(error, { step })
  }
  progress.end('done')
}

/**
 * Does what is missing for a goal.
 * @param {'start' | 'test'} goal
 * @throws {SetupError} with `step` set to the step that failed
 */
export async function setup(goal) {
  const progress = new Progress()
  let lock
  try {
    for (const [index, step] of steps.entries()) {
      if (await isDone(step, goal)) continue
      if (lock === undefined) {
        lock = await lockSetup(join(cacheRoot(), 'setup.lock'), () => {
          process.stderr.write('another set-up is at work on this machine; waiting for it\n')
        })
        // The other one may have done it meanwhile.
        if (await isDone(step, goal)) continue
      }
      await runStep(step, index + 1, goal, progress)
    }
  } finally {
    await lock?.release()
  }
}

/** Prints a failure of the set-up in the order in which a person needs it: which step, why, the evidence, what to do. */
export function explain(error) {
  if (!(error instanceof SetupError)) throw error
  const lines = ['', `set-up failed${error.step ? ` at "${error.step.title}"` : ''}: ${error.message}`]
  if (error.tail) lines.push('', ...error.tail.split('\n').map((line) => `  | ${line}`))
  if (error.log) lines.push('', `All of its output: ${relative(process.cwd(), error.log)}`)
  lines.push('', `What to do: ${error.whatToDo ?? error.step?.whatToDo ?? 'see above'}`, '')
  process.stderr.write(lines.join('\n'))
}

/**
 * Runs the set-up for another program of this folder, and ends the process when it fails.
 * @param {'start' | 'test'} goal
 */
export async function setupOrExit(goal) {
  if (process.env.NESTRI_SKIP_SETUP) return
  // Node 18 calls its fetch experimental on every run; nothing else warns here.
  process.removeAllListeners('warning')
  const release = endProgramsOnSignals()
  try {
    await setup(goal)
  } catch (error) {
    explain(error)
    process.exit(1)
  } finally {
    release()
  }
}

async function main(args) {
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return
  }
  const goal = args.length === 0 ? 'start' : args[0] === '--for' ? args[1] : undefined
  if (!['start', 'test'].includes(goal) || args.length > 2) {
    process.stderr.write(USAGE)
    process.exit(64)
  }
  const startedMs = Date.now()
  await setupOrExit(goal)
  process.stderr.write(
    `set-up: everything for \`npm ${goal}\` is there (${((Date.now() - startedMs) / 1000).toFixed(1)} s, ${root})\n`,
  )
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2))
