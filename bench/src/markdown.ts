// SPDX-License-Identifier: Apache-2.0
// Text and plots of docs/benchmarks.md, from reports and hand-written notes. Pure: rendering twice gives the same bytes.

import { barPlot, distributionPlot, stagePlot } from './plots.ts'
import { describeTarget, type Miss, misses, type Report, type Row } from './report.ts'
import { significant } from './stats.ts'

/** One picture of a bench, made of the rows that it names; left out where the bench has none of them. */
export interface Plot {
  /** Name of the file without `.svg`. */
  file: string
  title: string
  kind: 'distribution' | 'bars' | 'stages'
  rows: readonly string[]
}

export interface BenchText {
  bench: string
  title: string
  /** How to run it and what it does, in Markdown. */
  about: string
  plots: readonly Plot[]
}

/** The notes file: text by heading. `# name` heads what belongs to a row or a bench; text before the first is dropped. */
export function parseNotes(markdown: string): Map<string, string> {
  const sections = markdown.split(/^# /m).slice(1)
  return new Map(
    sections.map((section) => {
      const [heading = '', ...body] = section.split('\n')
      return [heading.trim(), body.join('\n').trim()]
    }),
  )
}

/** The whole page. */
export function renderPage(
  texts: readonly BenchText[],
  reports: readonly Report[],
  notes: ReadonlyMap<string, string>,
): string {
  const parts = texts.flatMap((text) => {
    const report = reports.find(({ bench }) => bench === text.bench)
    return report === undefined ? [] : [renderBench(text, report, notes)]
  })
  const intro = notes.get('introduction') ?? ''
  return `<!-- Written by \`npm run bench\` from bench/results/; edit bench/results/notes.md instead. -->\n\n# Benchmarks\n\n${intro}\n\n${parts.join('\n\n')}\n`
}

function renderBench(text: BenchText, report: Report, notes: ReadonlyMap<string, string>): string {
  const { cpu, cores, memoryGib, kernel, system, node, date } = report.machine
  const machine = `${cpu}, ${cores} cores, ${memoryGib} GiB, Linux ${kernel}, ${system}, Node ${node.slice(1)}`
  const pictures = text.plots
    .filter((plot) => plotRows(plot, report).length > 0)
    .map(({ file, title }) => `![${title}](img/${file}.svg)`)
  return [
    `## ${text.title}`,
    text.about,
    `Measured ${date.slice(0, 10)} at commit \`${report.commit}\` with \`${report.settings}\` on ${machine}.`,
    table(report.rows),
    ...pictures,
    missedTargets(report, notes),
    notes.get(`bench ${report.bench}`) ?? '',
    definitions(report.rows),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const figure = (value: number | undefined): string => (value === undefined ? '' : String(value))
    const verdict = row.ok === null ? '' : row.ok ? 'yes' : '**no**'
    const cells = [row.name, row.unit, row.n, figure(row.p50), figure(row.p95), figure(row.p99), figure(row.value)]
    return `| ${[...cells, describeTarget(row.target), verdict].join(' | ')} |`
  })
  return [
    '| row | unit | n | p50 | p95 | p99 | value | target | met |',
    '|---|---|--:|--:|--:|--:|--:|---|---|',
    ...lines,
  ].join('\n')
}

/** What misses its target, by how much, and what takes the time (from the notes). */
function missedTargets(report: Report, notes: ReadonlyMap<string, string>): string {
  const missed = report.rows.flatMap((row) => {
    const found = misses(row)
    if (found.length === 0) return []
    const words = found.map((miss) => describeMiss(miss, row)).join('; ')
    return [`- **${row.name}**: ${words}. ${notes.get(row.name) ?? 'What takes the time is not known yet.'}`]
  })
  if (missed.length === 0) return 'Every target is met.'
  return `### Missed targets: ${report.bench}\n\n${missed.join('\n')}`
}

function describeMiss({ figure, measured, target, over }: Miss, { unit }: Row): string {
  const share = Number.isFinite(over) ? ` (${Math.round(over * 100)} %)` : ''
  const off = significant(Math.abs(measured - target), 3)
  const name = figure === 'value' ? '' : `${figure} `
  return `${name}${measured} ${unit}, ${off} ${unit}${share} ${measured > target ? 'over' : 'under'} the target of ${target}`
}

function definitions(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ name, note }) => (note === undefined ? [] : [`- **${name}**: ${note}`]))
  return lines.length === 0
    ? ''
    : `<details><summary>What each row measures</summary>\n\n${lines.join('\n')}\n\n</details>`
}

/** The SVG of each plot whose rows exist, by file name. */
export function renderPlots(texts: readonly BenchText[], reports: readonly Report[]): Map<string, string> {
  const files = new Map<string, string>()
  for (const { bench, plots } of texts) {
    const report = reports.find((candidate) => candidate.bench === bench)
    for (const plot of report === undefined ? [] : plots) {
      const rows = plotRows(plot, report)
      if (rows.length > 0) files.set(`${plot.file}.svg`, draw(plot, rows))
    }
  }
  return files
}

function plotRows(plot: Plot, report: Report | undefined): Row[] {
  return plot.rows.flatMap((name) => report?.rows.find((row) => row.name === name) ?? [])
}

function draw({ kind, title }: Plot, rows: readonly Row[]): string {
  const unit = rows[0]?.unit ?? ''
  switch (kind) {
    case 'distribution':
      return distributionPlot(
        title,
        unit,
        rows.map(({ name, starts = [] }) => ({ name, starts })),
      )
    case 'stages':
      return stagePlot(
        title,
        unit,
        rows.map(({ name, p50 = 0 }) => ({ name: name.replace(/^stage /, ''), value: significant(p50, 3) })),
      )
    case 'bars':
      return barPlot(title, rows.map(barOf))
  }
}

function barOf({ name, unit, value, p50, target }: Row): Parameters<typeof barPlot>[1][number] {
  const limit = value === undefined ? target?.p50 : (target?.value ?? target?.atLeast)
  const bar = { name, unit, value: value ?? p50 ?? 0 }
  return limit === undefined ? bar : { ...bar, target: limit }
}
