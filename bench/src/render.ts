// SPDX-License-Identifier: Apache-2.0
// Renders docs/benchmarks.md and its pictures from the reports and notes in bench/results/, and from nothing else.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BENCH_TEXTS } from './bench-texts.ts'
import { parseNotes, renderPage, renderPlots } from './markdown.ts'
import { parseReport, type Report } from './report.ts'

/** Where the committed reports and notes are. */
export const RESULTS: string = fileURLToPath(new URL('../results/', import.meta.url))
const DOCS: string = fileURLToPath(new URL('../../docs/', import.meta.url))

/** Reads every report of a folder. */
export async function readReports(folder: string): Promise<Report[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
  return await Promise.all(names.map(async (name) => parseReport(await readFile(join(folder, name), 'utf8'))))
}

/** Writes the page and its pictures; returns the written files. */
export async function render(results: string = RESULTS, docs: string = DOCS): Promise<string[]> {
  const reports = await readReports(results)
  const notes = parseNotes(await readFile(join(results, 'notes.md'), 'utf8'))
  await mkdir(join(docs, 'img'), { recursive: true })
  const page = join(docs, 'benchmarks.md')
  await writeFile(page, renderPage(BENCH_TEXTS, reports, notes))
  const written = [page]
  for (const [name, svg] of renderPlots(BENCH_TEXTS, reports)) {
    const file = join(docs, 'img', name)
    await writeFile(file, svg)
    written.push(file)
  }
  return written
}

if (import.meta.main) for (const file of await render()) console.log(file)
