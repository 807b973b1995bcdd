// SPDX-License-Identifier: Apache-2.0
// Whether a child that ended is started again. Pure.

import type { LastSentence } from './child-words.ts'

/** A run of a child that ended without being asked to. */
export interface EndedRun {
  /** Exit status; null = a signal. */
  code: number | null
  /** How long it ran, in ms. */
  uptimeMs: number
  /** Whether it ever did what it is for (relay: ready; runner: room live) since the launcher started. */
  everWorked: boolean
  /** Whether it repeats by itself what is worth repeating, so that an explained end means that it gave up. */
  repeatsItself: boolean
  /** How it explained its end. */
  sentence: LastSentence | undefined
  /** Runs before this one that ended as early, without a good one between. */
  earlyEnds: number
}

/** A run at least this long counts as good: what ended it is not what ended the one before. */
export const GOOD_RUN_MS = 30_000
/** Early ends in a row after which nothing but the same is to be expected. */
export const MAX_EARLY_ENDS = 5
/** Exit status of a wrong configuration (EX_CONFIG). */
const EXIT_CONFIG = 78

export type Decision = { kind: 'restart'; earlyEnds: number } | { kind: 'give up' }

/** A crash is repeated; a program that gave up, that never worked and says why, or that only ever crashes, is not. */
export function afterEnd(run: EndedRun): Decision {
  if (run.code === EXIT_CONFIG) return { kind: 'give up' }
  if (run.sentence !== undefined && (run.repeatsItself || !run.everWorked)) return { kind: 'give up' }
  const earlyEnds = run.uptimeMs >= GOOD_RUN_MS ? 0 : run.earlyEnds + 1
  return earlyEnds >= MAX_EARLY_ENDS ? { kind: 'give up' } : { kind: 'restart', earlyEnds }
}
