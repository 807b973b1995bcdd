// SPDX-License-Identifier: Apache-2.0
// The runner's configuration: its environment and nothing else.

import { tmpdir } from 'node:os'
import { formatEnvProblems, fromStreamerEnv } from '@nestri/protocol'
import type { Environment, StreamSettings } from '@nestri/protocol'
import { EXIT_CONFIG, ExitError } from '@nestri/runtime'

export interface RunnerConfig {
  settings: StreamSettings
  /** The whole environment: children get their parts of it. */
  env: Environment
  /** Folder for temporary files. */
  temporary: string
}

/** @throws {ExitError} 78 with all problems at once */
export function readConfig(): RunnerConfig {
  const env: Environment = { ...process.env }
  const { settings, problems } = fromStreamerEnv(env)
  if (problems.length > 0) throw new ExitError(EXIT_CONFIG, formatEnvProblems(problems))
  return { settings, env, temporary: tmpdir() }
}
