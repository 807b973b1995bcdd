// SPDX-License-Identifier: Apache-2.0
// The control bar under the picture and the card that comes up when the player's mouse was set free.

import { button, el, setText } from './dom.ts'
import { icon, type IconName, logo } from './icons.ts'

/** How the mouse plays: `captured` = relative motion under pointer lock, `free` = the pointer's own position. */
export type MouseMode = 'captured' | 'free'

export interface ToolbarHandlers {
  onMute(): void
  onVolume(volume: number): void
  onMouseMode(): void
  onStats(): void
  onFullscreen(): void
  onResume(): void
  onSendEscape(): void
}

/** What the bar shows. */
export interface ToolbarState {
  room: string
  live: boolean
  viewers: number | undefined
  muted: boolean
  volume: number
  mouseMode: MouseMode | undefined
  stats: boolean
  fullscreen: boolean | undefined
  /** The player may play but does not: the seat is new, or mouse and keyboard were let go. */
  released: 'seat' | 'free' | undefined
  /** Whether Esc would reach the game in full screen. */
  keyboardLock: boolean
}

/** Bars and card; the caller places them. */
export class Toolbar {
  readonly top: HTMLElement
  readonly controls: HTMLElement
  readonly card: HTMLElement
  readonly #room: HTMLElement = el('span', { class: 'top-room' })
  readonly #viewers: HTMLElement = el('span', { class: 'top-viewers' })
  readonly #mute: HTMLButtonElement
  readonly #volume: HTMLInputElement
  readonly #mouse: HTMLButtonElement
  readonly #stats: HTMLButtonElement
  readonly #fullscreen: HTMLButtonElement
  readonly #cardTitle: HTMLElement = el('h2')
  readonly #cardHint: HTMLElement = el('p', { class: 'card-hint' })
  readonly #cardFullscreen: HTMLButtonElement

  constructor(handlers: ToolbarHandlers) {
    this.top = el(
      'header',
      { class: 'top' },
      el('a', { class: 'brand', attributes: { href: './', 'aria-label': 'Nestri, all rooms' } }, logo(), 'Nestri'),
      el('span', { class: 'top-live', text: 'Live' }),
      this.#room,
      this.#viewers,
    )
    this.#mute = tool(() => handlers.onMute())
    this.#volume = el('input', {
      class: 'volume',
      attributes: { type: 'range', min: '0', max: '1', step: '0.05', value: '1', 'aria-label': 'Volume' },
    })
    this.#volume.addEventListener('input', () => handlers.onVolume(this.#volume.valueAsNumber))
    this.#mouse = tool(() => handlers.onMouseMode())
    this.#stats = tool(() => handlers.onStats())
    this.#fullscreen = tool(() => handlers.onFullscreen())
    this.controls = el('div', { class: 'tools' }, this.#mute, this.#volume, this.#mouse, this.#stats, this.#fullscreen)
    this.#cardFullscreen = button('Full screen', () => handlers.onFullscreen())
    this.card = el(
      'section',
      { class: 'card', attributes: { 'aria-label': 'Game input is paused', hidden: '' } },
      this.#cardTitle,
      el('p', { text: 'The game goes on, but it gets no input from you.' }),
      el(
        'div',
        { class: 'card-actions' },
        button('Play on', () => handlers.onResume(), { class: 'button primary' }),
        this.#cardFullscreen,
        button('Send Esc', () => handlers.onSendEscape()),
      ),
      this.#cardHint,
    )
  }

  show(state: ToolbarState): void {
    setText(this.#room, state.room)
    setText(this.#viewers, viewersText(state.viewers))
    this.top.dataset['live'] = String(state.live)
    label(this.#mute, state.muted ? 'muted' : 'sound', state.muted ? 'Unmute' : 'Mute', state.muted)
    this.#volume.value = String(state.muted ? 0 : state.volume)
    this.#mouse.hidden = state.mouseMode === undefined
    const captured = state.mouseMode !== 'free'
    label(
      this.#mouse,
      captured ? 'target' : 'pointer',
      captured ? 'Mouse: captured for games (Ctrl+Alt+M)' : 'Mouse: free for desktop programs (Ctrl+Alt+M)',
      captured,
    )
    label(this.#stats, 'chart', 'Statistics (Ctrl+Alt+S)', state.stats)
    this.#fullscreen.hidden = state.fullscreen === undefined
    label(
      this.#fullscreen,
      state.fullscreen === true ? 'shrink' : 'expand',
      state.fullscreen === true ? 'Leave full screen (Ctrl+Alt+F)' : 'Full screen (Ctrl+Alt+F)',
      state.fullscreen === true,
    )
    this.card.hidden = state.released === undefined
    setText(this.#cardTitle, state.released === 'seat' ? 'The seat is yours' : 'Your mouse is free')
    this.#cardFullscreen.hidden = state.fullscreen !== false
    setText(
      this.#cardHint,
      state.keyboardLock ? 'In full screen the game gets Esc and Alt+Tab too; hold Esc to leave.' : '',
    )
  }
}

function viewersText(viewers: number | undefined): string {
  if (viewers === undefined) return ''
  return viewers === 1 ? '1 viewer' : `${viewers} viewers`
}

function tool(onClick: () => void): HTMLButtonElement {
  return el('button', { class: 'tool', attributes: { type: 'button' }, onClick: () => onClick() })
}

/** Gives a tool its icon and name; the icon is replaced only when it changes, so that a press is not lost. */
function label(element: HTMLButtonElement, name: IconName, text: string, pressed: boolean): void {
  element.setAttribute('aria-pressed', String(pressed))
  if (element.title === text) return
  element.title = text
  element.setAttribute('aria-label', text)
  element.replaceChildren(icon(name))
}
