// SPDX-License-Identifier: Apache-2.0
// A small graph of the last minute: one line, its area and nothing else. Drawn as SVG so that it is sharp everywhere.

import { svg } from './dom.ts'

const WIDTH = 96
const HEIGHT = 22
/** Keeps the line's round ends inside the box. */
const MARGIN = 1.5

/** One graph; `update` draws it anew. */
export class Sparkline {
  readonly element: SVGSVGElement
  readonly #line: SVGPathElement = svg('path', { class: 'spark-line' })
  readonly #area: SVGPathElement = svg('path', { class: 'spark-area' })

  constructor() {
    this.element = svg(
      'svg',
      { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      this.#area,
      this.#line,
    )
  }

  /** Draws `values`, oldest first, right-aligned over `span` places; unknown values leave a gap. `ceiling` = least top of the scale. */
  update(values: readonly (number | undefined)[], options: { span: number; ceiling: number }): void {
    const { line, area } = sparkPaths(values.slice(-options.span), options)
    this.#line.setAttribute('d', line)
    this.#area.setAttribute('d', area)
  }
}

/** The paths of a graph. Pure. */
export function sparkPaths(
  values: readonly (number | undefined)[],
  options: { span: number; ceiling: number },
): { line: string; area: string } {
  const top = Math.max(options.ceiling, ...values.filter((value) => value !== undefined))
  const step = WIDTH / Math.max(1, options.span - 1)
  const start = options.span - values.length
  const runs: [x: number, y: number][][] = [[]]
  values.forEach((value, i) => {
    if (value === undefined) runs.push([])
    else runs.at(-1)?.push([(start + i) * step, HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN)])
  })
  const drawn = runs.filter((run) => run.length > 0)
  const line = drawn.map((run) => `M${run.map(point).join('L')}`).join('')
  const area = drawn
    .map((run) => `M${run.map(point).join('L')}L${fixed(run.at(-1)?.[0])} ${HEIGHT}L${fixed(run[0]?.[0])} ${HEIGHT}Z`)
    .join('')
  return { line, area }
}

function point([x, y]: readonly [number, number]): string {
  return `${fixed(x)} ${fixed(y)}`
}

function fixed(value = 0): string {
  return value.toFixed(1)
}
