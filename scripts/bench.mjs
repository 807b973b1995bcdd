// SPDX-License-Identifier: Apache-2.0
// `npm run bench`: prepares the machine, runs every bench, writes bench/results/ and renders docs/benchmarks.md.
// `npm run bench:latency`, `npm run bench:fanout`: one bench with options of its own. Runs on Node 18 or newer.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setupOrExit } from './setup.mjs'
import { node24, root } from './setup/paths.mjs'

const BENCHES = ['latency', 'fanout']
const USAGE = `usage: npm run bench            run ${BENCHES.join(' and ')}, write bench/results/*.json, render docs/benchmarks.md
       npm run bench -- --quick  the same in a few minutes: does it run, not how fast; writes nothing
       npm run bench:NAME -- [--json FILE] [--help] ...
`

/** Runs a program of bench/src to its end; resolves with its exit code. */
function runProgram(file, args) {
  const child = spawn(node24, ['--conditions=source', join(root, 'bench', 'src', file), ...args], { stdio: 'inherit' })
  // The terminal's Ctrl-C reaches the bench too, which ends its programs; we only wait for it.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve(signal === null ? code : 1)))
}

async function runOrExit(file, args) {
  const code = await runProgram(file, args)
  if (code !== 0) process.exit(code)
}

async function main([name, ...args]) {
  const all = name === undefined || name.startsWith('-')
  const options = all ? process.argv.slice(2) : args
  if ((all && options.includes('--help')) || !(all || BENCHES.includes(name))) {
    process.stdout.write(USAGE)
    process.exit(options.includes('--help') ? 0 : 64)
  }
  await setupOrExit('test')
  if (!all) return runOrExit(`${name}.ts`, options)
  const quick = options.includes('--quick')
  for (const bench of BENCHES) {
    const json = join(root, 'bench', 'results', `${bench}.json`)
    await runOrExit(`${bench}.ts`, quick ? options : [...options, '--json', json])
  }
  if (!quick) await runOrExit('render.ts', [])
}

await main(process.argv.slice(2))
