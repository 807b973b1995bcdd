// SPDX-License-Identifier: Apache-2.0
// `npm test`: prepares the machine, then runs every phase of the tests and ends with a table and the counts. A phase that
// fails does not keep the others from running, and says how to repeat it alone.

import { setupOrExit } from './setup.mjs'
import { duration } from './setup/progress.mjs'
import { phases } from './test/phases.mjs'
import { endCurrent, runPhase } from './test/run-phase.mjs'

const USAGE = `Usage: npm test -- [--only PHASE[,PHASE]] [--long] [FILE...]

${phases.map(({ name, what }) => `  ${name.padEnd(11)}${what}`).join('\n')}

--only PHASE   only these phases; FILEs then replace the phase's own list of test files
--long         also what takes long, with longer deadlines
--help         this text
`

function wrong(problem) {
  process.stderr.write(`${problem}\n\n${USAGE}`)
  process.exit(64)
}

function parseArguments(args) {
  const options = { long: false, only: [], files: [] }
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index]
    if (arg === '--help') {
      process.stdout.write(USAGE)
      process.exit(0)
    } else if (arg === '--long') options.long = true
    else if (arg === '--only') options.only.push(...(args[++index] ?? '').split(','))
    else if (arg.startsWith('--only=')) options.only.push(...arg.slice('--only='.length).split(','))
    else if (arg.startsWith('-')) wrong(`${arg} is not an option`)
    else options.files.push(arg)
  }
  const known = phases.map(({ name }) => name)
  const unknown = options.only.find((name) => !known.includes(name))
  if (unknown !== undefined) wrong(`"${unknown}" is not a phase`)
  if (options.files.length > 0 && options.only.length !== 1) wrong('FILEs need one phase: --only unit FILE...')
  return options
}

function printTable(rows) {
  const line = (cells) =>
    `  ${cells[0].padEnd(11)}${cells[1].padEnd(8)}${cells[2].padStart(6)}${cells[3].padStart(9)}\n`
  process.stdout.write(`\n${line(['phase', 'result', 'time', 'passed'])}`)
  for (const { name, ms, result } of rows) {
    process.stdout.write(line([name, result.failed > 0 ? 'FAILED' : 'ok', duration(ms), String(result.passed)]))
  }
}

function printFailures(rows, long) {
  for (const { result } of rows) {
    for (const name of result.unsteady ?? []) process.stdout.write(`\nunsteady, passed the second time: ${name}\n`)
  }
  for (const { name, result } of rows.filter((row) => row.result.failed > 0)) {
    process.stdout.write(`\n${name} failed:\n${result.why.map((why) => `  ${why}\n`).join('')}`)
    process.stdout.write(`  only this phase again: npm test -- --only ${name}${long ? ' --long' : ''}\n`)
  }
}

async function main(options) {
  const startedMs = Date.now()
  await setupOrExit('test')
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ]) {
    process.on(signal, () => {
      endCurrent('SIGTERM')
      process.exit(128 + number)
    })
  }
  const rows = [{ name: 'set-up', ms: Date.now() - startedMs, result: { passed: 1, failed: 0, skipped: 0, why: [] } }]
  for (const phase of phases) {
    if (options.only.length > 0 && !options.only.includes(phase.name)) continue
    process.stdout.write(`\n== ${phase.name}: ${phase.what}\n`)
    const phaseStartedMs = Date.now()
    const result = await runPhase(phase, options)
    const ms = Date.now() - phaseStartedMs
    rows.push({ name: phase.name, ms, result })
    process.stdout.write(`== ${phase.name} ${result.failed > 0 ? 'FAILED' : 'ok'} in ${duration(ms)}\n`)
    for (const { name, ms: testMs } of result.slowest ?? []) {
      if (testMs >= 5_000) process.stdout.write(`   ${(testMs / 1000).toFixed(1)} s ${name}\n`)
    }
  }
  printTable(rows)
  printFailures(rows, options.long)
  const sum = (key) => rows.reduce((total, { result }) => total + result[key], 0)
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''
  process.stdout.write(`\nin ${duration(Date.now() - startedMs)}\n`)
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed${skipped}\n`)
  process.exit(sum('failed') > 0 ? 1 : 0)
}

await main(parseArguments(process.argv.slice(2)))
