// SPDX-License-Identifier: Apache-2.0
// Command line of the benches.

import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** Where the report goes besides the terminal; undefined = nowhere. */
  json: string | undefined
  /** How often everything is started anew. */
  starts: number
  /** Length of a measuring window in seconds. */
  seconds: number
  /** Time between the first picture and the first window, in seconds. */
  warmUpSeconds: number
  /** Only parts whose name contains one of these; empty = all. */
  only: readonly string[]
  /** The options as one line for the report. */
  text: string
}

export interface Defaults {
  starts: number
  seconds: number
  warmUpSeconds: number
}

const USAGE = `  --json FILE    write the report to FILE
  --starts N     start everything N times and take medians
  --seconds N    length of a measuring window
  --warmup N     seconds between the first picture and the first window
  --only A,B     only these parts
  --quick        one start, 3 s windows, 3 s of warm-up: does it run, not how fast
`

/**
 * Reads the arguments of a bench. Prints the usage and exits for --help (0) and for arguments that are wrong (2).
 */
export function readOptions(bench: string, parts: readonly string[], defaults: Defaults, argv: string[]): BenchOptions {
  const usage = `usage: npm run bench:${bench} -- [options]\n${USAGE}parts: ${parts.join(', ')}\n`
  try {
    const options = parseOptions(parts, defaults, argv)
    if (options !== 'help') return options
    process.stdout.write(usage)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
  process.exit(0)
}

/** Pure part of `readOptions`. @throws {RangeError | TypeError} with what is wrong */
export function parseOptions(parts: readonly string[], defaults: Defaults, argv: string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: argv,
    strict: true,
    options: {
      json: { type: 'string' },
      starts: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const base = values.quick ? { starts: 1, seconds: 3, warmUpSeconds: 3 } : defaults
  const starts = count('starts', values.starts, base.starts, 1)
  const seconds = count('seconds', values.seconds, base.seconds, 1)
  const warmUpSeconds = count('warmup', values.warmup, base.warmUpSeconds, 0)
  const only = values.only?.split(',') ?? []
  const unknown = only.find((name) => !parts.includes(name))
  if (unknown !== undefined) throw new RangeError(`--only ${unknown}: expected some of ${parts.join(', ')}`)
  const chosen = only.length === 0 ? '' : ` --only ${only.join(',')}`
  const text = `--starts ${starts} --seconds ${seconds} --warmup ${warmUpSeconds}${chosen}`
  return { json: values.json, starts, seconds, warmUpSeconds, only, text }
}

/** Whether a part is asked for. */
export function wants({ only }: BenchOptions, part: string): boolean {
  return only.length === 0 || only.includes(part)
}

function count(name: string, text: string | undefined, otherwise: number, min: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > 3600) {
    throw new RangeError(`--${name} ${text}: expected a whole number from ${min} to 3600`)
  }
  return value
}
