// SPDX-License-Identifier: Apache-2.0
// What the supervisor knows of a step: how it is started, and a running one.

import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { NestriError } from '@nestri/protocol'
import type { ExitStatus } from '@nestri/runtime'
import type { StepId } from './plan.ts'

/** Variables that a ready step gives to the steps after it, e.g. DISPLAY. */
export type Offers = Readonly<Record<string, string>>

export interface RunningStep {
  /** Resolves when the step does what it is for. Rejects when it did not come to that; it is stopped then. */
  ready: Promise<Offers>
  /** Resolves when its processes are gone and what they left has been removed. */
  ended: Promise<StepEnd>
  /** Ends it: SIGTERM, then SIGKILL. */
  stop: (graceMs: number) => Promise<void>
}

export interface StepEnd {
  /** Why it ended, in words. */
  reason: string
  /** What is thrown where starting it again is of no use. */
  fatal?: Error
}

export interface Step {
  id: StepId
  /** Time between SIGTERM and SIGKILL, in ms. */
  graceMs: number
  /** Programs that must be installed, and where they are looked for. */
  programs: readonly string[]
  path: string
  /** Starts it with what earlier steps offer. */
  start: (offers: Offers) => RunningStep
}

/** How a step's exit is told: its status and its last words. */
export function reasonOf(status: ExitStatus, lastWords: readonly string[]): string {
  const how = status.signal === null ? `ended with exit code ${status.code ?? 'unknown'}` : `ended by ${status.signal}`
  const last = lastWords.at(-1)
  return last === undefined ? how : `${how}: ${last}`
}

/**
 * Standard output of a program that ends by itself within `timeoutMs`, or undefined where it fails.
 * It is killed at the deadline.
 */
export async function outputOf(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  timeoutMs = 2_000,
): Promise<string | undefined> {
  return await new Promise((resolve) => {
    execFile(command, args, { env, timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout) => {
      resolve(error === null ? stdout : undefined)
    })
  })
}

/** The file that a command name stands for, or undefined where there is none that may be run. */
export function findProgram(command: string, path: string): string | undefined {
  const candidates = command.includes('/') ? [command] : path.split(':').map((folder) => join(folder, command))
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return statSync(file).isFile()
    } catch {
      return false
    }
  })
}

/** @throws {NestriError} ERR_PROGRAM_MISSING with the first program of a step that is not installed */
export function requirePrograms(steps: readonly Step[]): void {
  for (const { programs, path } of steps) {
    const missing = programs.find((program) => findProgram(program, path) === undefined)
    if (missing !== undefined) throw new NestriError('ERR_PROGRAM_MISSING', { program: missing })
  }
}
