// SPDX-License-Identifier: Apache-2.0
// A step that is one child process (or a few that live and die together): waits until it is ready, and tells how it ended.

import { messageOf, pause, spawnChild, withDeadline } from '@nestri/runtime'
import type { Child, ChildOptions } from '@nestri/runtime'
import { reasonOf } from './step.ts'
import type { Offers, RunningStep, StepEnd } from './step.ts'

export interface ProcessStepOptions {
  /** Started in this order. When one of them ends, the step ends. */
  programs: readonly ChildOptions[]
  /** Resolves when the step does what it is for; `signal` aborts when it has ended before. */
  ready: (children: readonly Child[], signal: AbortSignal) => Promise<Offers>
  /** Time for that, in ms; undefined = any. */
  readyMs?: number
  /** Removes what dead processes left. */
  cleanUp?: (children: readonly Child[]) => Promise<void>
  /** What is thrown where starting again does not help, from how the process ended. */
  fatal?: (child: Child) => Error | undefined
}

/** The last lines of a child's standard error may come a moment after its end. */
const LAST_WORDS_MS = 20

/** Starts the processes of a step. */
export function startProcesses(options: ProcessStepOptions): RunningStep {
  const { programs, ready, readyMs, cleanUp, fatal } = options
  const ending = new AbortController()
  const children = programs.map((program) => spawnChild(program))
  let failure: string | undefined

  const end = async (): Promise<StepEnd> => {
    const child = await Promise.race(children.map(async (one) => (await one.exited, one)))
    ending.abort()
    await pause(LAST_WORDS_MS)
    // What is left of their groups goes too.
    await Promise.all(children.map(async (one) => await one.stop({ graceMs: 500 })))
    await cleanUp?.(children)
    const reason = failure ?? reasonOf(child.status ?? { code: null, signal: null }, child.lastWords())
    const error = fatal?.(child)
    return error === undefined ? { reason } : { reason, fatal: error }
  }
  const stop = async (graceMs: number): Promise<void> => {
    await Promise.all(children.toReversed().map(async (child) => await child.stop({ graceMs })))
  }
  const becomeReady = async (): Promise<Offers> => {
    const name = programs.map((program) => program.name).join(', ')
    try {
      const offers = ready(children, ending.signal)
      return await (readyMs === undefined ? offers : withDeadline(offers, readyMs, `the start of ${name}`))
    } catch (error) {
      if (!ending.signal.aborted) failure = messageOf(error)
      await stop(500)
      throw error
    }
  }
  return { ready: becomeReady(), ended: end(), stop }
}
