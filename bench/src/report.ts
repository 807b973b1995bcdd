// SPDX-License-Identifier: Apache-2.0
// What a bench writes: rows of figures with their targets, as JSON for other programs and as a table for people. Pure,
// but for `writeReport`.

import { writeFile } from 'node:fs/promises'
import { median, percentiles, quantileCurve, significant } from './stats.ts'

/** Largest allowed values, in the row's unit; `atLeast` is the smallest allowed `value`. */
export interface Target {
  p50?: number
  p95?: number
  p99?: number
  value?: number
  atLeast?: number
}

/** One measured thing: percentiles of a distribution, or one value. */
export interface Row {
  name: string
  unit: string
  /** Number of samples over all starts. */
  n: number
  p50?: number
  p95?: number
  p99?: number
  value?: number
  target: Target | null
  /** Whether every figure with a target meets it; null without a target. */
  ok: boolean | null
  /** From what to what it was measured. */
  note?: string
  /** Each start or pair on its own: 101 quantiles of a distribution, or one value. */
  starts?: number[][]
}

/** What a bench ran on. */
export interface Machine {
  cpu: string
  cores: number
  memoryGib: number
  kernel: string
  system: string
  node: string
  /** Start of the run, UTC, to the minute. */
  date: string
}

export interface Report {
  bench: string
  /** Commit of the programs that were measured; ends in `+changes` where files differed from it. */
  commit: string
  machine: Machine
  /** How it was run: `--starts 3 --seconds 30 ...`. */
  settings: string
  rows: Row[]
}

interface RowOptions {
  name: string
  unit: string
  target?: Target
  note?: string
}

/**
 * A row of percentiles: each start's own, then the median over the starts (a start is a lottery of timer phases, so
 * samples of several starts are not poured together).
 * @param starts samples of each start; starts without samples are left out
 * @throws {RangeError} without any sample
 */
export function distributionRow(options: RowOptions, starts: readonly (readonly number[])[]): Row {
  const filled = starts.filter((samples) => samples.length > 0)
  if (filled.length === 0) throw new RangeError(`${options.name}: no samples`)
  const each = filled.map((samples) => percentiles(samples))
  return judged(options, {
    n: each.reduce((sum, { n }) => sum + n, 0),
    p50: significant(median(each.map(({ p50 }) => p50))),
    p95: significant(median(each.map(({ p95 }) => p95))),
    p99: significant(median(each.map(({ p99 }) => p99))),
    starts: filled.map((samples) => quantileCurve(samples).map((value) => significant(value))),
  })
}

/**
 * A row of one value: the median of the values of each start.
 * @throws {RangeError} without values
 */
export function valueRow(options: RowOptions, values: readonly number[]): Row {
  return judged(options, {
    n: values.length,
    value: significant(median(values)),
    starts: values.map((value) => [significant(value)]),
  })
}

function judged({ name, unit, target, note }: RowOptions, figures: Omit<Row, 'name' | 'unit' | 'target' | 'ok'>): Row {
  const row = { name, unit, ...figures, target: target ?? null, ...(note === undefined ? {} : { note }) }
  return { ...row, ok: target === undefined ? null : misses({ ...row, ok: null }).length === 0 }
}

/** A figure that misses its target. */
export interface Miss {
  figure: 'p50' | 'p95' | 'p99' | 'value'
  measured: number
  target: number
  /** By how much, as a share of the target. */
  over: number
}

/** The figures of a row that miss their targets. */
export function misses(row: Row): Miss[] {
  const { target } = row
  if (target === null) return []
  const found: Miss[] = []
  for (const figure of ['p50', 'p95', 'p99', 'value'] as const) {
    const [measured, limit] = [row[figure], target[figure]]
    if (measured === undefined || limit === undefined || measured <= limit) continue
    found.push({ figure, measured, target: limit, over: limit === 0 ? Number.POSITIVE_INFINITY : measured / limit - 1 })
  }
  if (target.atLeast !== undefined && row.value !== undefined && row.value < target.atLeast) {
    const { value: measured } = row
    found.push({ figure: 'value', measured, target: target.atLeast, over: 1 - measured / target.atLeast })
  }
  return found
}

/** A target in words: `p50 32, p95 42`. */
export function describeTarget(target: Target | null): string {
  if (target === null) return ''
  const { atLeast, value, ...quantiles } = target
  const words = Object.entries(quantiles).map(([figure, limit]) => `${figure} ≤ ${limit}`)
  if (value !== undefined) words.push(`≤ ${value}`)
  if (atLeast !== undefined) words.push(`≥ ${atLeast}`)
  return words.join(', ')
}

const HEADINGS = ['name', 'unit', 'n', 'p50', 'p95', 'p99', 'value', 'target', 'ok'] as const

/** Cells of a row's line in a table, in the order of `HEADINGS`. */
export function rowCells(row: Row): string[] {
  const figure = (value: number | undefined): string => (value === undefined ? '' : String(value))
  const { name, unit, n, p50, p95, p99, value, target, ok } = row
  const verdict = ok === null ? '' : ok ? 'yes' : 'NO'
  return [name, unit, String(n), figure(p50), figure(p95), figure(p99), figure(value), describeTarget(target), verdict]
}

/** The report as a table of fixed-width text. */
export function formatTable(report: Report): string {
  const lines = [[...HEADINGS], ...report.rows.map(rowCells)]
  const widths = HEADINGS.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)))
  const pad = (cell: string, i: number): string =>
    i >= 2 && i <= 6 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n')
}

/**
 * Reads a report that `writeReport` wrote.
 * @throws {TypeError} where it is something else
 */
export function parseReport(json: string): Report {
  const report = JSON.parse(json) as Partial<Report>
  const rows = report.rows ?? []
  if (report.bench === undefined || report.machine === undefined || rows.some(({ name }) => typeof name !== 'string')) {
    throw new TypeError('this file is not the report of a bench')
  }
  return report as Report
}

/** One line per row, so that a difference between two runs can be read. */
export function formatReport(report: Report): string {
  const { rows, ...head } = report
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "rows": [\n${lines}\n  ]\n}\n`
}

export async function writeReport(file: string, report: Report): Promise<void> {
  await writeFile(file, formatReport(report))
}
