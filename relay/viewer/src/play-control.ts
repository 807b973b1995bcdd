// SPDX-License-Identifier: Apache-2.0
// Whether this page plays right now: takes and frees mouse and keyboard, and keeps input inside while it may not leave.
// The seat itself is the relay's; here its loss only stops what would be thrown away.

import type { InputEvent } from '@nestri/protocol'
import { InputCapture, type ReleaseReason } from './input-capture.ts'
import { type Clock, InputSender } from './input-sender.ts'
import { KEY_ESC } from './keymap.ts'
import {
  canFullscreen,
  canLockPointer,
  enterFullscreen,
  isFullscreen,
  isPointerLocked,
  leaveFullscreen,
  lockPointer,
  unlockPointer,
} from './pointer.ts'
import type { MouseMode } from './toolbar.ts'

/** `yes` = seat held and connected; `paused` = it will be so again in a moment; `no` = not ours. */
export type Permission = 'yes' | 'paused' | 'no'

export interface PlayControlOptions {
  stage: HTMLElement
  /** Element that goes to full screen: the stage and the bars. */
  page: HTMLElement
  video: () => HTMLVideoElement | undefined
  permission: () => Permission
  send: (channel: 'input' | 'motion', bytes: Uint8Array<ArrayBuffer>) => boolean
  onSent: (seq: number, atMs: number, event: InputEvent) => void
  onShortcut: (code: string) => boolean
  onChange: () => void
  /** Something to tell the player in a few words. */
  onNote: (text: string) => void
}

/** A click that asked for the seat counts as the wish to play until then; browsers keep its activation as long. */
const WISH_MS = 4_000
/** Control and Meta: with them a key may be one of the browser's own shortcuts. */
const BROWSER_KEYS: readonly number[] = [29, 97, 125, 126]
const MOUSE_MODE_KEY = 'nestri:mouse'

const clock: Clock = {
  nowMs: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

/** The player's hand on the game. */
export class PlayControl {
  readonly sender: InputSender
  readonly #options: PlayControlOptions
  readonly #capture: InputCapture
  readonly #phone: MediaQueryList = matchMedia('(max-width: 600px), (max-height: 500px) and (pointer: coarse)')
  #mouseMode: MouseMode = storedMouseMode()
  #wishUntilMs = 0
  #hasPlayed = false
  #explained = false

  constructor(options: PlayControlOptions) {
    this.#options = options
    this.sender = new InputSender({
      clock,
      send: (channel, bytes) => options.permission() === 'yes' && options.send(channel, bytes),
      onSent: options.onSent,
    })
    this.#capture = new InputCapture({
      stage: options.stage,
      sender: this.sender,
      video: options.video,
      onReleased: (why) => this.#onReleased(why),
      locks: () => this.mouseMode === 'captured',
      onShortcut: options.onShortcut,
    })
    options.stage.addEventListener('click', () => {
      if (!this.#capture.engaged || !this.#holdsPointer()) this.play()
    })
    this.#phone.addEventListener('change', () => this.update())
    document.addEventListener('fullscreenchange', () => options.onChange())
    // Ctrl+W may be crouch and walk; without keyboard lock it closes the tab, so the browser asks first.
    addEventListener('beforeunload', (event) => {
      if (this.engaged && BROWSER_KEYS.some((code) => this.sender.held.has(code))) event.preventDefault()
    })
  }

  get engaged(): boolean {
    return this.#capture.engaged
  }

  /** The player may play, but mouse and keyboard are free: `seat` = the seat is new, `free` = they were let go. */
  get released(): 'seat' | 'free' | undefined {
    const wished = performance.now() < this.#wishUntilMs
    if (this.engaged || wished || this.viewOnly || this.#options.permission() !== 'yes') return undefined
    return this.#hasPlayed ? 'free' : 'seat'
  }

  /** Phones watch only, for now. */
  get viewOnly(): boolean {
    return this.#phone.matches
  }

  /** How the mouse plays; undefined where this device has no pointer to lock. */
  get mouseMode(): MouseMode | undefined {
    return canLockPointer() && !this.viewOnly ? this.#mouseMode : undefined
  }

  /** Undefined where the browser has no full screen for pages. */
  get fullscreen(): boolean | undefined {
    return canFullscreen() ? isFullscreen() : undefined
  }

  /** A person wants to play: takes mouse and keyboard now, or as soon as the seat is given. Needs a gesture. */
  play(): void {
    this.#wishUntilMs = performance.now() + WISH_MS
    this.update()
  }

  /** Seat, connection or window changed. */
  update(): void {
    const permission = this.viewOnly ? 'no' : this.#options.permission()
    if (permission === 'no') this.#stop()
    if (permission === 'paused') this.sender.releaseAll()
    if (permission === 'yes' && performance.now() < this.#wishUntilMs) this.#engage()
    this.#options.onChange()
  }

  /** Gives mouse and keyboard back to the page; the seat is kept. */
  letGo(): void {
    this.#capture.disengage()
    unlockPointer()
    this.#options.onChange()
  }

  /** The channels to the room are gone: nothing is held any more, there or here. */
  releaseHeld(): void {
    this.sender.releaseAll()
  }

  toggleMouseMode(): void {
    this.#mouseMode = this.#mouseMode === 'captured' ? 'free' : 'captured'
    try {
      localStorage.setItem(MOUSE_MODE_KEY, this.#mouseMode)
    } catch {
      // Without storage the choice holds for this visit.
    }
    if (this.#capture.engaged) {
      this.#capture.disengage()
      unlockPointer()
      this.play()
    }
    this.#options.onChange()
  }

  async toggleFullscreen(): Promise<void> {
    if (isFullscreen()) {
      await leaveFullscreen()
      return
    }
    // The lock first: going to full screen uses the click up.
    this.play()
    if (!(await enterFullscreen(this.#options.page))) this.#options.onNote('The browser refused full screen.')
  }

  /** Presses Esc in the room: without keyboard lock the browser keeps that key. */
  sendEscape(): void {
    this.sender.key(KEY_ESC, true)
    this.sender.key(KEY_ESC, false)
    this.play()
  }

  #engage(): void {
    this.#wishUntilMs = 0
    this.#hasPlayed = true
    this.#capture.engage()
    if (this.mouseMode === 'captured') void this.#lock()
  }

  async #lock(): Promise<void> {
    const { stage, onNote, onChange } = this.#options
    const locked = await lockPointer(stage)
    if (!locked) onNote('Click the picture once more to capture the mouse.')
    else if (!this.#capture.engaged) unlockPointer()
    else if (!this.#explained)
      onNote('Ctrl+Alt+Q frees your mouse, Ctrl+Alt+F is full screen, Ctrl+Alt+S shows statistics.')
    this.#explained ||= locked
    onChange()
  }

  #holdsPointer(): boolean {
    return this.mouseMode !== 'captured' || isPointerLocked(this.#options.stage)
  }

  #stop(): void {
    this.#hasPlayed = false
    if (!this.#capture.engaged) return
    this.#capture.disengage()
    unlockPointer()
  }

  #onReleased(why: ReleaseReason): void {
    if (why !== 'pointer-lock') unlockPointer()
    this.#options.onChange()
  }
}

function storedMouseMode(): MouseMode {
  try {
    return localStorage.getItem(MOUSE_MODE_KEY) === 'free' ? 'free' : 'captured'
  } catch {
    return 'captured'
  }
}
