// SPDX-License-Identifier: Apache-2.0
// The three plots of docs/benchmarks.md: distributions of several rows over one axis, bars with their targets, and one
// stacked bar of stages. Pure: figures in, SVG text out.

import { element, label, picture, polyline } from './svg.ts'

const WIDTH = 760
const LEFT = 56
const RIGHT = 24
const COLOURS = 6

export interface DistributionSeries {
  name: string
  /** 101 quantiles (0 %, 1 %, ... 100 %) of each start. */
  starts: readonly (readonly number[])[]
}

/** Cumulative distributions: what share of the samples (y) took at most so long (x). Thin = each start, thick = their median. */
export function distributionPlot(title: string, unit: string, series: readonly DistributionSeries[]): string {
  const height = 330
  const [top, bottom] = [52 + 18 * Math.ceil(series.length / 2), height - 44]
  // The axis ends at the 99th percentile of the widest start: one outlier must not squeeze everything else.
  const most = Math.max(...series.flatMap(({ starts }) => starts.map((curve) => curve[99] ?? 0)))
  const ticks = axisTicks(most)
  const end = ticks.at(-1) ?? 1
  const x = (value: number): number => LEFT + (Math.min(value, end) / end) * (WIDTH - LEFT - RIGHT)
  const y = (share: number): number => bottom - share * (bottom - top)
  const shapes = [label(title, { x: LEFT, y: 22, class: 'title' }), ...legend(series.map(({ name }) => name))]
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    shapes.push(element('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share), class: 'grid' }))
    shapes.push(label(`${share * 100} %`, { x: LEFT - 8, y: y(share) + 4, 'text-anchor': 'end', class: 'quiet' }))
  }
  shapes.push(...xAxis(ticks, x, bottom, unit))
  series.forEach(({ starts }, i) => {
    const curve = (values: readonly number[], line: string): string =>
      polyline(
        values.flatMap((value, percent) => (value <= end ? [[x(value), y(percent / 100)] as const] : [])),
        { class: `s${i % COLOURS} ${line}` },
      )
    if (starts.length > 1) shapes.push(...starts.map((values) => curve(values, 'thin')))
    shapes.push(curve(medianCurve(starts), 'line'))
  })
  return picture(WIDTH, height, title, shapes)
}

export interface Bar {
  name: string
  value: number
  unit: string
  /** Marked on the bar; undefined = none. */
  target?: number
}

/** Horizontal bars of one unit, each with its target as a dashed line. */
export function barPlot(title: string, bars: readonly Bar[]): string {
  const left = 230
  const rowHeight = 30
  const bottom = 44 + bars.length * rowHeight
  const unit = bars[0]?.unit ?? ''
  const ticks = axisTicks(Math.max(...bars.flatMap(({ value, target }) => [value, target ?? 0])))
  const end = ticks.at(-1) ?? 1
  const x = (value: number): number => left + (value / end) * (WIDTH - left - 70)
  const shapes = [label(title, { x: 16, y: 22, class: 'title' }), ...xAxis(ticks, x, bottom, unit)]
  bars.forEach(({ name, value, target }, i) => {
    const y = 42 + i * rowHeight
    shapes.push(label(name, { x: left - 10, y: y + 15, 'text-anchor': 'end' }))
    const widthPx = Math.max(1, x(value) - left)
    shapes.push(element('rect', { x: left, y, width: widthPx, height: 20, rx: 2, class: 's0 fill' }))
    shapes.push(label(String(value), { x: Math.max(x(value), x(target ?? 0)) + 6, y: y + 15 }))
    if (target !== undefined) {
      shapes.push(element('line', { x1: x(target), x2: x(target), y1: y - 4, y2: y + 24, class: 'target' }))
    }
  })
  return picture(WIDTH, bottom + 44, title, shapes)
}

/** One bar made of the medians of consecutive stages. */
export function stagePlot(title: string, unit: string, stages: readonly { name: string; value: number }[]): string {
  const total = stages.reduce((sum, { value }) => sum + value, 0)
  const ticks = axisTicks(total)
  const end = ticks.at(-1) ?? 1
  const x = (value: number): number => 16 + (value / end) * (WIDTH - 32)
  const top = 40 + 18 * Math.ceil(stages.length / 2)
  const shapes = [
    label(title, { x: 16, y: 22, class: 'title' }),
    ...legend(
      stages.map(({ name, value }) => `${name}: ${value} ${unit}`),
      16,
    ),
    ...xAxis(ticks, x, top + 46, unit),
  ]
  let from = 0
  stages.forEach(({ value }, i) => {
    const widthPx = Math.max(0.5, x(from + value) - x(from) - 1)
    shapes.push(element('rect', { x: x(from), y: top + 8, width: widthPx, height: 30, class: `s${i % COLOURS} fill` }))
    from += value
  })
  return picture(WIDTH, top + 90, title, shapes)
}

/** Round axis marks from 0 to at least `most`, about six of them. */
export function axisTicks(most: number): number[] {
  if (!(most > 0)) return [0, 1]
  const rough = most / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const count = Math.ceil(most / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(6)))
}

/** Point by point median of several curves. */
function medianCurve(curves: readonly (readonly number[])[]): number[] {
  return Array.from({ length: 101 }, (_, i) => {
    const values = curves.map((curve) => curve[i] ?? 0).sort((a, b) => a - b)
    return ((values[(values.length - 1) >> 1] ?? 0) + (values[values.length >> 1] ?? 0)) / 2
  })
}

function xAxis(ticks: readonly number[], x: (value: number) => number, bottom: number, unit: string): string[] {
  const last = ticks.at(-1) ?? 0
  return [
    element('line', { x1: x(0), x2: x(last), y1: bottom, y2: bottom, class: 'axis' }),
    ...ticks.flatMap((tick) => [
      element('line', { x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 5, class: 'axis' }),
      label(String(tick), { x: x(tick), y: bottom + 20, 'text-anchor': 'middle', class: 'quiet' }),
    ]),
    label(unit, { x: x(last), y: bottom + 36, 'text-anchor': 'end', class: 'quiet' }),
  ]
}

/** Names of series in two columns under the title. */
function legend(names: readonly string[], left: number = LEFT): string[] {
  return names.flatMap((name, i) => {
    const [x, y] = [left + (i % 2) * 350, 34 + 18 * Math.floor(i / 2)]
    return [
      element('rect', { x, y, width: 12, height: 12, rx: 2, class: `s${i % COLOURS} fill` }),
      label(name, { x: x + 18, y: y + 10 }),
    ]
  })
}
