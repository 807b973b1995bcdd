// SPDX-License-Identifier: Apache-2.0
// From the browser's names of physical keys and buttons to Linux evdev codes (linux/input-event-codes.h). Layout is
// the room's business: only positions travel (W3C UI Events KeyboardEvent code Values). Pure.

const LETTER_ROWS: readonly (readonly [first: number, letters: string])[] = [
  [16, 'QWERTYUIOP'],
  [30, 'ASDFGHJKL'],
  [44, 'ZXCVBNM'],
]

/** Keys whose code does not follow from a row. Names of old browsers (`OSLeft`, `VolumeUp`) are kept beside the new ones. */
const NAMED: Readonly<Record<string, number>> = {
  Escape: 1,
  Digit0: 11,
  Minus: 12,
  Equal: 13,
  Backspace: 14,
  Tab: 15,
  BracketLeft: 26,
  BracketRight: 27,
  Enter: 28,
  ControlLeft: 29,
  Semicolon: 39,
  Quote: 40,
  Backquote: 41,
  ShiftLeft: 42,
  Backslash: 43,
  Comma: 51,
  Period: 52,
  Slash: 53,
  ShiftRight: 54,
  AltLeft: 56,
  Space: 57,
  CapsLock: 58,
  ScrollLock: 70,
  F11: 87,
  F12: 88,
  ControlRight: 97,
  PrintScreen: 99,
  AltRight: 100,
  Home: 102,
  ArrowUp: 103,
  PageUp: 104,
  ArrowLeft: 105,
  ArrowRight: 106,
  End: 107,
  ArrowDown: 108,
  PageDown: 109,
  Insert: 110,
  Delete: 111,
  Pause: 119,
  MetaLeft: 125,
  MetaRight: 126,
  OSLeft: 125,
  OSRight: 126,
  ContextMenu: 127,

  NumLock: 69,
  NumpadMultiply: 55,
  Numpad7: 71,
  Numpad8: 72,
  Numpad9: 73,
  NumpadSubtract: 74,
  Numpad4: 75,
  Numpad5: 76,
  Numpad6: 77,
  NumpadAdd: 78,
  Numpad1: 79,
  Numpad2: 80,
  Numpad3: 81,
  Numpad0: 82,
  NumpadDecimal: 83,
  NumpadEnter: 96,
  NumpadDivide: 98,
  NumpadEqual: 117,
  NumpadChangeSign: 118,
  NumpadComma: 121,
  NumpadParenLeft: 179,
  NumpadParenRight: 180,
  NumpadBackspace: 14,

  // International keys: Japanese, Korean, ISO and Brazilian keyboards.
  Lang5: 85,
  IntlBackslash: 86,
  IntlRo: 89,
  Lang3: 90,
  Katakana: 90,
  Lang4: 91,
  Hiragana: 91,
  Convert: 92,
  KanaMode: 93,
  NonConvert: 94,
  Lang1: 122,
  Lang2: 123,
  IntlYen: 124,

  // Editing keys of Sun and ergonomic keyboards.
  BrowserStop: 128,
  Again: 129,
  Props: 130,
  Undo: 131,
  Copy: 133,
  Open: 134,
  Paste: 135,
  Find: 136,
  Cut: 137,
  Help: 138,
  Redo: 182,

  // Media and system keys.
  AudioVolumeMute: 113,
  AudioVolumeDown: 114,
  AudioVolumeUp: 115,
  VolumeMute: 113,
  VolumeDown: 114,
  VolumeUp: 115,
  Power: 116,
  ShowAllWindows: 120,
  LaunchApp2: 140,
  Sleep: 142,
  WakeUp: 143,
  LaunchApp1: 144,
  LaunchScreenSaver: 152,
  LaunchMail: 155,
  BrowserFavorites: 156,
  BrowserBack: 158,
  BrowserForward: 159,
  Eject: 161,
  MediaTrackNext: 163,
  MediaPlayPause: 164,
  MediaTrackPrevious: 165,
  MediaStop: 166,
  MediaRecord: 167,
  MediaRewind: 168,
  MediaSelect: 171,
  BrowserHome: 172,
  BrowserRefresh: 173,
  MediaPause: 201,
  Suspend: 205,
  MediaPlay: 207,
  MediaFastForward: 208,
  Print: 210,
  BrowserSearch: 217,
  BrightnessDown: 224,
  BrightnessUp: 225,
  MicrophoneMuteToggle: 248,
}

/** `KeyboardEvent.code` → evdev key code. */
export const KEY_CODES: ReadonlyMap<string, number> = new Map([
  ...LETTER_ROWS.flatMap(([first, letters]) =>
    [...letters].map((letter, i): [string, number] => [`Key${letter}`, first + i]),
  ),
  ...Array.from({ length: 9 }, (_, i): [string, number] => [`Digit${i + 1}`, 2 + i]),
  ...Array.from({ length: 10 }, (_, i): [string, number] => [`F${i + 1}`, 59 + i]),
  ...Array.from({ length: 12 }, (_, i): [string, number] => [`F${i + 13}`, 183 + i]),
  ...Object.entries(NAMED),
])

/** evdev code of the key at a position, or undefined where Linux has no name for it. */
export function evdevKey(code: string): number | undefined {
  return KEY_CODES.get(code)
}

/** BTN_LEFT: the button that a tap presses. */
export const BTN_LEFT = 0x110
/** KEY_ESC: the browser keeps it from the page while the pointer is locked, so the page offers a button for it. */
export const KEY_ESC = 1

// MouseEvent.button counts left, middle, right, back, forward; evdev has right before middle.
const BUTTONS: readonly number[] = [BTN_LEFT, 0x112, 0x111, 0x113, 0x114]

/** evdev code of `MouseEvent.button`, or undefined for buttons beyond the fifth. */
export function evdevButton(button: number): number | undefined {
  return BUTTONS[button]
}

/** One notch of a wheel, in the units of the protocol. */
export const NOTCH = 120
// One notch is 100 px in Chromium and 3 lines in Firefox; a page is taken for ten notches.
const UNITS_PER_DELTA: readonly number[] = [NOTCH / 100, NOTCH / 3, NOTCH * 10]

/** Units of 1/120 notch for a `WheelEvent` delta. `deltaMode`: 0 = pixels, 1 = lines, 2 = pages. */
export function wheelUnits(delta: number, deltaMode: number): number {
  return delta * (UNITS_PER_DELTA[deltaMode] ?? 1)
}
