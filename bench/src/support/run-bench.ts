// SPDX-License-Identifier: Apache-2.0
// What every bench's main does around its measuring: header of the report, table, file.

import { ROOT } from '@nestri/e2e'
import { describeCommit, describeMachine } from '../machine.ts'
import type { BenchOptions } from '../options.ts'
import { formatTable, type Row, writeReport } from '../report.ts'

/** Runs a bench: prints its table, writes its report. */
export async function runBench(bench: string, options: BenchOptions, measure: () => Promise<Row[]>): Promise<void> {
  const machine = describeMachine()
  const commit = await describeCommit(ROOT)
  const rows = await measure()
  const report = { bench, commit, machine, settings: options.text, rows }
  process.stdout.write(`\n${formatTable(report)}\n`)
  if (options.json !== undefined) await writeReport(options.json, report)
}

/** A line about what is going on, with the time since the start of the program. */
export function progress(text: string): void {
  process.stderr.write(`[${(performance.now() / 1000).toFixed(1).padStart(6)} s] ${text}\n`)
}
