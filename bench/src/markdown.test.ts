// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNotes, renderPage, renderPlots } from './markdown.ts'
import { axisTicks } from './plots.ts'
import { distributionRow, type Report, valueRow } from './report.ts'

const report: Report = {
  bench: 'latency',
  commit: 'abc',
  machine: { cpu: 'c', cores: 2, memoryGib: 8, kernel: '6', system: 'Debian', node: 'v24', date: '2026-01-01T00:00' },
  settings: '--starts 3',
  rows: [
    distributionRow({ name: 'join', unit: 'ms', target: { p50: 2 } }, [
      [1, 2, 30],
      [3, 3, 3],
      [4, 5, 6],
    ]),
    valueRow({ name: 'cpu', unit: '% of a core', target: { value: 60 } }, [30]),
  ],
}
const texts = [
  {
    bench: 'latency',
    title: 'Latency',
    about: 'about',
    plots: [
      { file: 'bench-join', title: 'Join & see', kind: 'distribution' as const, rows: ['join'] },
      { file: 'bench-cpu', title: 'CPU', kind: 'bars' as const, rows: ['cpu', 'gone'] },
      { file: 'bench-none', title: 'None', kind: 'bars' as const, rows: ['gone'] },
      { file: 'bench-stage', title: 'Stages', kind: 'stages' as const, rows: ['join'] },
    ],
  },
]

test('a missed target is listed with by how much and with the note about its cause', () => {
  const page = renderPage(texts, [report], parseNotes('# introduction\nhello\n# join\nThe handshake does.\n'))
  assert.match(page, /# Benchmarks\n\nhello/)
  assert.match(page, /\*\*join\*\*: p50 3 ms, 1 ms \(50 %\) over the target of 2\. The handshake does\./)
  assert.doesNotMatch(page, /\*\*cpu\*\*: 30/)
})

test('a missed target without a note says that its cause is not known', () => {
  assert.match(renderPage(texts, [report], new Map()), /not known yet/)
})

test('a picture exists for every plot that has rows, and only for those', () => {
  const files = renderPlots(texts, [report])
  assert.deepEqual([...files.keys()], ['bench-join.svg', 'bench-cpu.svg', 'bench-stage.svg'])
  for (const svg of files.values()) {
    assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    assert.match(svg, /prefers-color-scheme:dark/)
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
  }
  assert.match(files.get('bench-join.svg') ?? '', /Join &amp; see/)
  const page = renderPage(texts, [report], new Map())
  assert.match(page, /img\/bench-cpu\.svg/)
  assert.doesNotMatch(page, /bench-none/)
})

test('rendering twice gives the same bytes', () => {
  assert.equal(renderPage(texts, [report], new Map()), renderPage(texts, [report], new Map()))
})

test('axis marks are round and cover the largest value', () => {
  assert.deepEqual(axisTicks(60), [0, 10, 20, 30, 40, 50, 60])
  assert.deepEqual(axisTicks(0.7), [0, 0.2, 0.4, 0.6, 0.8])
  assert.deepEqual(axisTicks(0), [0, 1])
  assert.ok((axisTicks(437).at(-1) ?? 0) >= 437)
})
