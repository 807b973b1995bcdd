// SPDX-License-Identifier: Apache-2.0
// What the streamer is told: the runner's environment (protocol/src/streamer-env.ts), the same by flags, and the machine.
// The only file here that reads process.env.

import { availableParallelism } from 'node:os'
import { formatEnvProblems, fromStreamerEnv, nearestName, relayEnv, streamerEnv, variableNames } from '@nestri/protocol'
import type { Environment, StreamSettings } from '@nestri/protocol'
import { EXIT_CONFIG, ExitError } from '@nestri/runtime'
import type { LogLevel } from '@nestri/runtime'

export interface StreamerConfig {
  settings: StreamSettings
  logLevel: LogLevel
  machine: Machine
  /** Environment of the encoder process: ours without what it needs not know. */
  encoderEnv: Readonly<Record<string, string>>
}

/** What the streamer takes from where it runs. */
export interface Machine {
  /** Processor cores that may be used. */
  cores: number
  /** Address of the sound server, or empty for the default one. */
  pulseServer: string
}

export type CommandLine =
  | { kind: 'run'; config: StreamerConfig }
  | { kind: 'help' }
  | { kind: 'capabilities'; json: boolean; config: StreamerConfig }

/**
 * The command line and environment of this process.
 * @throws {ExitError} 78 with all problems, one per line
 */
export function readCommandLine(): CommandLine {
  return makeCommandLine(process.argv.slice(2), process.env, availableParallelism())
}

/** What `--capabilities` needs no relay for. */
const WITHOUT_RELAY: Environment = { RELAY_URL: 'ws://none', NESTRI_ROOM: 'none', NESTRI_AUTH: 'open' }

/**
 * What `args` and `env` mean. Flags win over variables. Pure.
 * @throws {ExitError} 78 with all problems, one per line
 */
export function makeCommandLine(args: readonly string[], env: Environment, cores: number): CommandLine {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help' }
  const switches = new Set(['--capabilities', '--json'])
  const overrides = readFlags(args.filter((arg) => !switches.has(arg)))
  if (args.includes('--capabilities')) {
    const config = makeConfig({ ...WITHOUT_RELAY, ...env, ...overrides }, cores)
    return { kind: 'capabilities', json: args.includes('--json'), config }
  }
  return { kind: 'run', config: makeConfig({ ...env, ...overrides }, cores) }
}

function makeConfig(env: Environment, cores: number): StreamerConfig {
  const { settings, problems } = fromStreamerEnv(env)
  if (problems.length > 0) throw new ExitError(EXIT_CONFIG, formatEnvProblems(problems))
  return {
    settings,
    logLevel: settings.debug || settings.verbose ? 'debug' : 'info',
    machine: { cores, pulseServer: env['PULSE_SERVER'] ?? '' },
    encoderEnv: encoderEnvOf(env),
  }
}

/** Variables of ours carry tokens and say nothing to libraries. */
function encoderEnvOf(env: Environment): Record<string, string> {
  const ours = new Set([...variableNames(streamerEnv), ...variableNames(relayEnv)])
  const entries = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('NESTRI_') || (ours.has(name) && name !== 'DISPLAY')
      ? []
      : [[name, value] as const],
  )
  // Found by whoever looks for what a run has left behind.
  const runId = env['NESTRI_RUN_ID']
  return { ...Object.fromEntries(entries), ...(runId === undefined ? {} : { NESTRI_RUN_ID: runId }) }
}

/** `--video-bitrate 4000` and `--video-bitrate=4000` are VIDEO_BITRATE; NESTRI_ is left out of flags. */
function readFlags(args: readonly string[]): Record<string, string> {
  const names = new Map(Object.values(streamerEnv).map(({ name }) => [flagOf(name), name]))
  const values: Record<string, string> = {}
  const problems: string[] = []
  for (let i = 0; i < args.length; i++) {
    const [flag = '', ...rest] = (args[i] ?? '').split('=')
    const name = names.get(flag)
    const value = rest.length > 0 ? rest.join('=') : args[++i]
    if (name === undefined) {
      const nearest = nearestName(flag, [...names.keys()])
      problems.push(`${flag} is not a flag${nearest === undefined ? '' : `; did you mean ${nearest}?`} See --help.`)
    } else if (value === undefined) {
      problems.push(`${flag} needs a value`)
    } else {
      values[name] = value
    }
  }
  if (problems.length > 0) throw new ExitError(EXIT_CONFIG, problems.join('\n'))
  return values
}

function flagOf(name: string): string {
  return `--${name
    .replace(/^NESTRI_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`
}

/** What `--help` prints: every variable with its flag, values and default. */
export function helpText(): string {
  const lines = Object.values(streamerEnv).flatMap(({ name, description, expected, unit, secret, ...variable }) => {
    const value = variable.format(variable.default as never)
    const byDefault = value === '' || secret === true ? '' : `, default ${value}${unit === undefined ? '' : ` ${unit}`}`
    return [`  ${flagOf(name)}  (${name})`, `      ${description} Expected: ${expected}${byDefault}.`]
  })
  return [
    "Captures and encodes a room's desktop and publishes it to a relay.",
    '',
    'node --conditions=source streamer/src/main.ts [FLAG VALUE ...]',
    '',
    '  --capabilities [--json]',
    '      Tries every known encoder with the given picture, prints what works and why the rest does not, and ends.',
    '  --help',
    '      Prints this.',
    '',
    'Each flag may be given as the variable in brackets instead; flags win.',
    '',
    ...lines,
    '',
  ].join('\n')
}
