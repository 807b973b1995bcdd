// SPDX-License-Identifier: Apache-2.0
// The launcher's surroundings: the only file here that reads process.env.

import { homedir, tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '@nestri/protocol'
import { npmArguments } from './arguments.ts'

export interface LaunchConfig {
  /** Command line, with what npm took for its own. */
  args: string[]
  /** Environment that the relay's variables and the children's ordinary ones are taken from. */
  env: Environment
  /** Folder that a relative room file is looked for in. */
  workingFolder: string
  /** Parent of the folders of runs. */
  runsFolder: string
  /** Folder that outlives runs. */
  dataFolder: string
  colour: boolean
}

/** Root of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** Reads everything that the launcher takes from its surroundings. */
export function readConfig(): LaunchConfig {
  const { env } = process
  const dataHome = env['XDG_DATA_HOME'] ?? ''
  const runtimeFolder = env['XDG_RUNTIME_DIR'] ?? ''
  return {
    args: [...npmArguments(env), ...process.argv.slice(2)],
    env,
    // npm runs scripts in the repository's root and says where the user was.
    workingFolder: env['INIT_CWD'] ?? process.cwd(),
    runsFolder: isAbsolute(runtimeFolder) ? resolve(runtimeFolder) : tmpdir(),
    dataFolder: join(isAbsolute(dataHome) ? dataHome : join(homedir(), '.local', 'share'), 'nestri'),
    colour: process.stdout.isTTY && (env['NO_COLOR'] ?? '') === '',
  }
}
