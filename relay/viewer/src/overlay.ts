// SPDX-License-Identifier: Apache-2.0
// The stats overlay over the picture: figures, small graphs and the cause of lag in words. Off until it is asked for.

import { el, setText } from './dom.ts'
import { GRAPHS, overlayRows } from './overlay-rows.ts'
import { Sparkline } from './sparkline.ts'
import { HISTORY_SECONDS, type ViewerSample } from './stats.ts'

interface Row {
  element: HTMLElement
  value: HTMLElement
  reason: HTMLElement
  spark: Sparkline | undefined
}

/** The overlay; put `element` over the picture. */
export class StatsOverlay {
  readonly element: HTMLElement
  readonly #list: HTMLElement = el('dl', { class: 'stats-rows' })
  readonly #lag: HTMLElement = el('p', { class: 'stats-lag', text: 'Measuring.' })
  readonly #rows = new Map<string, Row>()

  constructor() {
    this.element = el(
      'section',
      { class: 'stats', attributes: { 'aria-label': 'Stream statistics', hidden: '' } },
      this.#lag,
      this.#list,
    )
  }

  get visible(): boolean {
    return !this.element.hidden
  }

  toggle(): boolean {
    this.element.hidden = !this.element.hidden
    return this.visible
  }

  /** Shows the newest sample of `history`. Costs nothing while hidden. */
  update(history: readonly ViewerSample[]): void {
    const sample = history.at(-1)
    if (!this.visible || sample === undefined) return
    setText(this.#lag, sample.lag.text)
    this.#lag.dataset['cause'] = sample.lag.cause
    for (const { label, value, title, explained } of overlayRows(sample)) {
      const row = this.#row(label)
      setText(row.value, value)
      setText(row.reason, explained ? title : '')
      row.element.title = title
    }
    for (const { label, ceiling, value } of GRAPHS) {
      this.#rows.get(label)?.spark?.update(history.map(value), { span: HISTORY_SECONDS, ceiling })
    }
  }

  #row(label: string): Row {
    const known = this.#rows.get(label)
    if (known !== undefined) return known
    const spark = GRAPHS.some((graph) => graph.label === label) ? new Sparkline() : undefined
    const value = el('span', { class: 'stats-value' })
    const reason = el('span', { class: 'stats-reason' })
    const element = el(
      'div',
      { class: 'stats-row' },
      el('dt', { text: label }),
      el('dd', {}, spark?.element, value),
      reason,
    )
    this.#list.append(element)
    const row = { element, value, reason, spark }
    this.#rows.set(label, row)
    return row
  }
}
