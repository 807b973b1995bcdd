// SPDX-License-Identifier: Apache-2.0
// The command line of `npm start`. Pure.

import { parseArgs } from 'node:util'

/** What the user asked for. */
export interface Arguments {
  /** Room file; undefined = the example. */
  file: string | undefined
  /** Whether other devices of the network may join. */
  lan: boolean
  /** TCP port of the page; media takes the numbers above it. 0 picks free ones, undefined = the environment's. */
  port: number | undefined
  /** Existing X display to stream, e.g. `:0`. */
  display: string | undefined
  /** Only validate the file. */
  check: boolean
  help: boolean
  /** Print everything that relay and runner log. */
  verbose: boolean
}

export const USAGE = `Puts a room on this machine: a relay, a headless desktop, a game and a link for your browser.

  npm start                           the game of examples/local-room.yaml
  npm start -- FILE                   the room that FILE describes (a NestriRoom, see docs/configuration.md)
  npm start -- [FILE] --lan           other devices of your network may join, over HTTPS

  --port N      port of the page; media takes the ports above it (default 8088)
  --display D   stream the existing X display D, e.g. :0, instead of a desktop of the room's own
  --check       only say whether FILE is valid
  --verbose     show everything that relay and runner log
  --help        this text

Ctrl-C ends the room. The relay's variables (docs/configuration.md) may be set too.`

/** Reads the command line, or says in one sentence what is wrong with it. */
export function parseArguments(
  args: readonly string[],
): { ok: true; value: Arguments } | { ok: false; problem: string } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    const problem = problemOf(positionals, values)
    if (problem !== undefined) return { ok: false, problem }
    const { lan = false, check = false, help = false, verbose = false, display } = values
    const port = values.port === undefined ? undefined : Number(values.port)
    return { ok: true, value: { file: positionals[0], lan, port, display, check, help, verbose } }
  } catch (error) {
    // Node explains at length; the first sentence says what is wrong.
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split('. ')
    return { ok: false, problem: sentence }
  }
}

function problemOf(
  files: readonly string[],
  { port = '0', display = ':0' }: { port?: string; display?: string },
): string | undefined {
  if (files.length > 1) return `one room file can be given, not ${files.length}`
  if (!/^\d+$/.test(port) || Number(port) > 65_000) return `--port must be a whole number from 0 to 65000, not ${port}`
  if (!/^[\w.-]*:\d+(\.\d+)?$/.test(display)) return `--display must be an X display such as :0, not ${display}`
  return undefined
}

/**
 * Options that npm took for its own because `--` was left out (`npm start FILE --lan`): it passes them on as variables, and
 * gives a word that follows a flag to the flag.
 */
export function npmArguments(env: Readonly<Record<string, string | undefined>>): string[] {
  return ['lan', 'check', 'port', 'display'].flatMap((name) => {
    const value = env[`npm_config_${name}`] ?? ''
    if (value === '' || value === 'false') return []
    return value === 'true' ? [`--${name}`] : [`--${name}`, value]
  })
}

const OPTIONS = {
  lan: { type: 'boolean' },
  port: { type: 'string' },
  display: { type: 'string' },
  check: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  verbose: { type: 'boolean', short: 'v' },
} as const
