// SPDX-License-Identifier: Apache-2.0
// Puts a screen (screens.ts) over the picture and reads it to people who do not see it. Draws only what changed: a
// countdown must not restart an animation or steal the focus from a button.

import { button, el, setText, svg } from './dom.ts'
import { playIcon } from './icons.ts'
import type { Screen, ScreenAction } from './screens.ts'

/** The part of the page that tells what is going on. */
export class ScreenView {
  readonly element: HTMLElement
  /** The big play button over the muted preview. */
  readonly play: HTMLButtonElement
  /** Reads states to screen readers; countdowns are left out. */
  readonly live: HTMLElement = el('p', { class: 'sr-only', attributes: { role: 'status', 'aria-live': 'polite' } })
  readonly #title: HTMLElement = el('h1', { class: 'screen-title' })
  readonly #text: HTMLElement = el('p', { class: 'screen-text' })
  readonly #hint: HTMLElement = el('p', { class: 'screen-hint' })
  readonly #code: HTMLElement = el('p', { class: 'screen-code' })
  readonly #actions: HTMLElement = el('div', { class: 'screen-actions' })
  readonly #onAction: (action: ScreenAction) => void
  #shownActions = ''
  #shownKey = ''

  constructor(onAction: (action: ScreenAction) => void) {
    this.#onAction = onAction
    this.element = el(
      'section',
      { class: 'screen' },
      el(
        'div',
        { class: 'screen-card' },
        loader(),
        warning(),
        this.#title,
        this.#text,
        this.#hint,
        this.#actions,
        this.#code,
      ),
    )
    this.play = el(
      'button',
      {
        class: 'play',
        attributes: { type: 'button', 'aria-label': 'Play with sound' },
        onClick: () => onAction('play'),
      },
      playIcon(),
    )
  }

  /** Shows `screen`; call as often as you like. */
  show(screen: Screen): void {
    this.element.dataset['cover'] = screen.cover
    this.element.dataset['tone'] = screen.tone
    this.play.hidden = screen.kind !== 'preview'
    setText(this.#title, screen.title)
    setText(this.#text, screen.text)
    setText(this.#hint, screen.hint)
    setText(this.#code, screen.code)
    this.#showActions(screen)
    const key = `${screen.kind} ${screen.title} ${screen.hint}`
    if (key === this.#shownKey) return
    this.#shownKey = key
    setText(this.live, [screen.title, screen.hint].filter((text) => text !== '').join('. '))
    document.title = titleOf(screen)
  }

  #showActions(screen: Screen): void {
    const actions = screen.actions.filter(({ action }) => action !== 'play')
    const key = actions.map(({ action, label }) => `${action}:${label}`).join()
    if (key === this.#shownActions) return
    this.#shownActions = key
    this.#actions.replaceChildren(
      ...actions.map(({ action, label }, i) =>
        button(label, () => this.#onAction(action), {
          class: i === 0 && action !== 'rooms' ? 'button primary' : 'button',
        }),
      ),
    )
  }
}

function titleOf(screen: Screen): string {
  return screen.kind === 'playing' || screen.kind === 'preview'
    ? `${screen.title} · Nestri`
    : `${screen.title} – Nestri`
}

/** Arcs of the logo that turn; they stand still where motion is not wanted. */
function loader(): SVGSVGElement {
  return svg(
    'svg',
    { class: 'loader', viewBox: '0 0 64 64', 'aria-hidden': 'true' },
    svg('path', { class: 'loader-outer', d: 'M6 32a26 26 0 0 0 52 0' }),
    svg('path', { class: 'loader-inner', d: 'M17 32a15 15 0 0 0 30 0' }),
    svg('circle', { class: 'loader-dot', cx: '32', cy: '32', r: '4' }),
  )
}

function warning(): SVGSVGElement {
  return svg(
    'svg',
    { class: 'warning', viewBox: '0 0 64 64', 'aria-hidden': 'true' },
    svg('circle', { cx: '32', cy: '32', r: '26' }),
    svg('path', { d: 'M32 19v16M32 44v.1' }),
  )
}
