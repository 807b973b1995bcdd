// SPDX-License-Identifier: Apache-2.0
// Shows who plays, lets a player ask for the seat, and lets the holder hand it over or give it up.

import { button, el, setText } from './dom.ts'
import type { SeatOffer, SeatRequest } from './seats.ts'

export interface SeatBarHandlers {
  onAsk(seat: number): void
  onGrant(request: SeatRequest): void
  onRelease(seat: number): void
}

/** Seat line of the control bar, and the requests that stand above it. */
export class SeatBar {
  readonly element: HTMLElement
  /** Requests for the holder; over the picture, so that they are seen while the bar is hidden. */
  readonly requests: HTMLElement = el('div', { class: 'asks', attributes: { role: 'status', 'aria-live': 'polite' } })
  readonly #handlers: SeatBarHandlers
  readonly #text: HTMLElement = el('span', { class: 'seat-text' })
  readonly #action: HTMLElement = el('span', { class: 'seat-action' })
  readonly #dismissed = new Set<string>()
  #shown = ''

  constructor(handlers: SeatBarHandlers) {
    this.#handlers = handlers
    this.element = el('div', { class: 'seat' }, el('span', { class: 'seat-dot' }), this.#text, this.#action)
  }

  /** Shows an offer. */
  show(offer: SeatOffer): void {
    const key = JSON.stringify(offer)
    if (key === this.#shown) return
    this.#shown = key
    this.element.hidden = offer.text === ''
    this.element.dataset['mine'] = String(offer.mine !== undefined)
    setText(this.#text, offer.text)
    this.#action.replaceChildren(...this.#actions(offer))
    const asking = new Set(offer.requests.map(({ viewer }) => viewer))
    for (const viewer of this.#dismissed) if (!asking.has(viewer)) this.#dismissed.delete(viewer)
    this.#showRequests(offer.requests)
  }

  #actions(offer: SeatOffer): HTMLElement[] {
    const { ask, mine } = offer
    if (ask !== undefined) {
      const words = ask.free ? 'Take the seat' : 'Ask to play'
      return [button(words, () => this.#handlers.onAsk(ask.seat), { class: 'button small primary' })]
    }
    if (offer.asked) return [el('span', { class: 'seat-note', text: 'Asked' })]
    if (mine !== undefined) {
      return [button('Give up seat', () => this.#handlers.onRelease(mine), { class: 'button small' })]
    }
    return []
  }

  #showRequests(requests: readonly SeatRequest[]): void {
    this.requests.replaceChildren(
      ...requests
        .filter(({ viewer }) => !this.#dismissed.has(viewer))
        .map((request) =>
          el(
            'div',
            { class: 'ask' },
            el('span', { text: `${request.name} wants to play` }),
            button('Hand over', () => this.#handlers.onGrant(request), { class: 'button small primary' }),
            button('Not now', () => this.#dismiss(request, requests), { class: 'button small' }),
          ),
        ),
    )
  }

  #dismiss(request: SeatRequest, requests: readonly SeatRequest[]): void {
    this.#dismissed.add(request.viewer)
    this.#showRequests(requests)
  }
}
