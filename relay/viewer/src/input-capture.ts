// SPDX-License-Identifier: Apache-2.0
// Listens to keyboard, mouse and touch over the stage while the player plays, and hands evdev codes to the sender. It
// lets go of everything whenever the page could miss a release. Whether we may play at all is the caller's business.

import { BTN_LEFT, evdevButton, evdevKey, wheelUnits } from './keymap.ts'
import type { InputSender } from './input-sender.ts'
import { isFullscreen, isPointerLocked } from './pointer.ts'

export interface InputCaptureOptions {
  /** Element that holds the picture, the pointer lock and the focus. */
  stage: HTMLElement
  sender: InputSender
  /** The shown video, for positions in the picture. */
  video: () => HTMLVideoElement | undefined
  /** Capture ended by itself: the window lost the focus, or the player left the lock or full screen. */
  onReleased: (why: ReleaseReason) => void
  /** Whether the mouse plays by pointer lock, so that its loss ends the capture. */
  locks: () => boolean
  /** A shortcut of the page was pressed (with Ctrl+Alt); true = handled. */
  onShortcut: (code: string) => boolean
}

export type ReleaseReason = 'blur' | 'hidden' | 'pointer-lock' | 'fullscreen'

const KEY_LEFTCTRL = 29
const KEY_RIGHTALT = 100
const META_KEYS: readonly number[] = [125, 126]
/** Pointers that touch the picture itself. */
const TOUCH_TYPES: readonly string[] = ['touch', 'pen']

/** Captures input while it is engaged. */
export class InputCapture {
  readonly #options: InputCaptureOptions
  #engaged = false
  #wasFullscreen = false
  #rawSeen = false

  constructor(options: InputCaptureOptions) {
    this.#options = options
    const { stage } = options
    addEventListener('keydown', (event) => this.#key(event, true), { capture: true })
    addEventListener('keyup', (event) => this.#key(event, false), { capture: true })
    stage.addEventListener('pointerdown', (event) => this.#button(event, true))
    addEventListener('pointerup', (event) => this.#button(event, false))
    addEventListener('pointercancel', (event) => this.#button(event, false))
    // A second button while one is down raises pointermove, not pointerdown; mouse events tell each button.
    stage.addEventListener('mousedown', (event) => this.#mouse(event, true))
    addEventListener('mouseup', (event) => this.#mouse(event, false))
    stage.addEventListener('pointerrawupdate', (event) => {
      if (event instanceof PointerEvent) this.#motion(event, true)
    })
    stage.addEventListener('pointermove', (event) => this.#motion(event, false))
    stage.addEventListener('wheel', (event) => this.#wheel(event), { passive: false })
    stage.addEventListener('contextmenu', (event) => event.preventDefault())
    addEventListener('blur', () => this.#lose('blur'))
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.#lose('hidden')
    })
    document.addEventListener('pointerlockchange', () => {
      if (isPointerLocked(stage)) this.#options.sender.flush()
      else if (options.locks()) this.#lose('pointer-lock')
    })
    document.addEventListener('fullscreenchange', () => {
      const left = this.#wasFullscreen && !isFullscreen()
      this.#wasFullscreen = isFullscreen()
      if (left) this.#lose('fullscreen')
    })
  }

  get engaged(): boolean {
    return this.#engaged
  }

  /** From now on input goes to the room. */
  engage(): void {
    this.#engaged = true
    this.#options.stage.focus({ preventScroll: true })
  }

  /** No more input; everything that is held is released. */
  disengage(): void {
    if (!this.#engaged) return
    this.#engaged = false
    this.#options.sender.releaseAll({ always: true })
  }

  #lose(why: ReleaseReason): void {
    if (!this.#engaged) return
    this.disengage()
    this.#options.onReleased(why)
  }

  #key(event: KeyboardEvent, pressed: boolean): void {
    if (event.ctrlKey && event.altKey && pressed && this.#options.onShortcut(event.code)) {
      event.preventDefault()
      event.stopPropagation()
      return
    }
    if (!this.#engaged || this.#isForControl(event)) return
    const code = evdevKey(event.code)
    if (code === undefined) return
    event.preventDefault()
    event.stopPropagation()
    if (event.repeat) return
    const { sender } = this.#options
    // Windows reports AltGr as Control and Alt; the room's own layout knows AltGr by itself.
    if (pressed && code === KEY_RIGHTALT && event.getModifierState('AltGraph')) sender.key(KEY_LEFTCTRL, false)
    sender.key(code, pressed, event.timeStamp)
    // macOS never reports the release of a key that went up while Meta was down.
    if (!pressed && META_KEYS.includes(code)) sender.releaseAll()
  }

  /** Controls of the page keep their keys, except while the pointer is locked and nothing else can be meant. */
  #isForControl(event: KeyboardEvent): boolean {
    if (isPointerLocked(this.#options.stage)) return false
    return event.target instanceof Element && event.target.closest('input, button, a') !== null
  }

  #mouse(event: MouseEvent, pressed: boolean): void {
    const code = evdevButton(event.button)
    if (!this.#engaged || code === undefined || isSynthetic(event)) return
    event.preventDefault()
    if (pressed && !isPointerLocked(this.#options.stage)) this.#moveTo(event)
    this.#options.sender.button(code, pressed, event.timeStamp)
  }

  #button(event: PointerEvent, pressed: boolean): void {
    if (!this.#engaged || !TOUCH_TYPES.includes(event.pointerType) || !event.isPrimary) return
    event.preventDefault()
    this.#moveTo(event)
    this.#options.sender.button(BTN_LEFT, pressed, event.timeStamp)
  }

  #motion(event: PointerEvent, raw: boolean): void {
    if (!this.#engaged) return
    // Raw updates come before the frame-aligned moves and hold the same motion: whoever sends them is heard alone.
    if (raw) this.#rawSeen = true
    else if (this.#rawSeen && event.pointerType === 'mouse') return
    if (!isPointerLocked(this.#options.stage)) {
      this.#moveTo(event)
      return
    }
    const parts = event.getCoalescedEvents()
    let dx = 0
    let dy = 0
    for (const part of parts.length === 0 ? [event] : parts) {
      dx += part.movementX
      dy += part.movementY
    }
    this.#options.sender.moveBy(dx, dy, event.timeStamp)
  }

  #moveTo(event: MouseEvent): void {
    const video = this.#options.video()
    if (video === undefined || video.videoWidth === 0) return
    const box = video.getBoundingClientRect()
    const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight)
    const width = video.videoWidth * scale
    const height = video.videoHeight * scale
    const x = (event.clientX - box.left - (box.width - width) / 2) / width
    const y = (event.clientY - box.top - (box.height - height) / 2) / height
    this.#options.sender.moveTo(x, y, event.timeStamp)
  }

  #wheel(event: WheelEvent): void {
    if (!this.#engaged) return
    event.preventDefault()
    const { sender } = this.#options
    sender.wheel(wheelUnits(event.deltaX, event.deltaMode), wheelUnits(event.deltaY, event.deltaMode), event.timeStamp)
  }
}

/** Browsers repeat a touch as a mouse click; the touch itself was heard. */
function isSynthetic(event: MouseEvent): boolean {
  return (
    'sourceCapabilities' in event &&
    (event.sourceCapabilities as { firesTouchEvents?: boolean } | null)?.firesTouchEvents === true
  )
}
