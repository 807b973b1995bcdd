// SPDX-License-Identifier: Apache-2.0
// What every bench's main does around its measuring: header of the report, table, file.

import { ROOT } from '@nestri/e2e'
import { describeCommit, describeMachine } from '../machine.ts'
import type { BenchOptions } from '../options.ts'
import { formatTable, type Row, writeReport } from '../report.ts'

/**
 * Runs a bench: prints its table, writes its report.
 * @param measure measures everything; calls `save` with all rows so far after each start, so that a run that is ended
 * early leaves a report
 */
export async function runBench(
  bench: string,
  options: BenchOptions,
  measure: (save: (rows: Row[]) => Promise<void>) => Promise<Row[]>,
): Promise<void> {
  const head = { bench, commit: await describeCommit(ROOT), machine: describeMachine(), settings: options.text }
  const save = async (rows: Row[]): Promise<void> => {
    if (options.json !== undefined) await writeReport(options.json, { ...head, rows })
  }
  const rows = await measure(save)
  process.stdout.write(`\n${formatTable({ ...head, rows })}\n`)
  await save(rows)
}

/** A line about what is going on, with the time since the start of the program. */
export function progress(text: string): void {
  process.stderr.write(`[${(performance.now() / 1000).toFixed(1).padStart(6)} s] ${text}\n`)
}
