// SPDX-License-Identifier: Apache-2.0
// Pointer lock, full screen and keyboard lock of the stage, with what each browser leaves out. Decides nothing about
// input: it reports what is locked.

/** Keys that the browser or the desktop would keep to itself; Chromium gives them to a page in full screen. */
const LOCKED_KEYS: readonly string[] = [
  'Escape',
  'Tab',
  'AltLeft',
  'AltRight',
  'MetaLeft',
  'MetaRight',
  'ContextMenu',
  'F1',
  'F3',
  'F5',
  'F6',
  'F10',
  'F11',
  'F12',
  'KeyW',
  'KeyT',
  'KeyN',
  'KeyR',
]

interface KeyboardLock {
  lock(codes: readonly string[]): Promise<void>
  unlock(): void
}

/** Whether this browser can lock a pointer at all (phones cannot). */
export function canLockPointer(): boolean {
  return 'requestPointerLock' in Element.prototype && matchMedia('(any-pointer: fine)').matches
}

/** Whether `element` holds the pointer. */
export function isPointerLocked(element: Element): boolean {
  return document.pointerLockElement === element
}

/**
 * Locks the pointer to `element`, without the desktop's acceleration where the browser can. Needs a user's gesture.
 * False where the browser refuses: it does for about a second after the user left a lock with Esc.
 */
export async function lockPointer(element: Element): Promise<boolean> {
  if (!canLockPointer()) return false
  if (isPointerLocked(element)) return true
  try {
    await element.requestPointerLock({ unadjustedMovement: true })
    return true
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotSupportedError') return false
  }
  try {
    await element.requestPointerLock()
    return true
  } catch {
    return false
  }
}

export function unlockPointer(): void {
  if (document.pointerLockElement !== null) document.exitPointerLock()
}

export function canFullscreen(): boolean {
  return document.fullscreenEnabled === true
}

export function isFullscreen(): boolean {
  return document.fullscreenElement !== null
}

/** Puts `element` on the full screen and takes the keyboard where the browser gives it (secure pages of Chromium). */
export async function enterFullscreen(element: Element): Promise<boolean> {
  try {
    await element.requestFullscreen({ navigationUI: 'hide' })
  } catch {
    return false
  }
  try {
    await keyboard()?.lock(LOCKED_KEYS)
  } catch {
    // The game still plays; Esc and Alt+Tab stay with the browser.
  }
  return true
}

export async function leaveFullscreen(): Promise<void> {
  keyboard()?.unlock()
  if (isFullscreen()) await document.exitFullscreen()
}

/** Whether Esc reaches the game in full screen. */
export function hasKeyboardLock(): boolean {
  return keyboard() !== undefined
}

function keyboard(): KeyboardLock | undefined {
  return 'keyboard' in navigator ? ((navigator.keyboard as KeyboardLock | null) ?? undefined) : undefined
}
