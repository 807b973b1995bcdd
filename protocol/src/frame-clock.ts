// SPDX-License-Identifier: Apache-2.0
// The machine-readable clock that test pictures carry, so that a frame seen anywhere tells when it was drawn. A row of
// 48 black or white cells of 16x16 pixels from the picture's left edge: 1010, then 40 bits of value (highest first), then
// four check bits (the XOR of the value's ten nibbles). Large cells survive lossy codecs. Drawn in C++ by the streamer's
// test source and by its X11 test program, read back by tests and benchmarks.

export const CELL_PX = 16
export const CELLS = 48
const VALUE_BITS = 40
const SYNC: readonly number[] = [1, 0, 1, 0]

/** Row 0: when the frame was drawn, CLOCK_REALTIME in units of 100 microseconds, modulo 2^40. */
export const CLOCK_ROW = 0
/** Row 1 (X11 test program only): evdev code of the last key or button pressed in bits 24..39, number of presses in bits 0..23. */
export const INPUT_ROW = 1

/** The 48 cells of a value, 1 = white. `value` is a whole number in [0, 2^40). */
export function encodeRow(value: number): number[] {
  const bits = Array.from({ length: VALUE_BITS }, (_, i) => Math.floor(value / 2 ** (VALUE_BITS - 1 - i)) % 2)
  return [...SYNC, ...bits, ...checkBits(bits)]
}

/**
 * Reads a row from the brightness (0..255) of each cell's centre, or returns undefined where the sync or check bits
 * do not fit or a cell is neither black nor white.
 */
export function decodeRow(brightness: ArrayLike<number>): number | undefined {
  if (brightness.length < CELLS) return undefined
  const cells = Array.from({ length: CELLS }, (_, i) => brightness[i] ?? 128)
  if (cells.some((level) => level > 96 && level < 160)) return undefined
  const all = cells.map((level): number => (level >= 160 ? 1 : 0))
  if (SYNC.some((bit, i) => all[i] !== bit)) return undefined
  const bits = all.slice(SYNC.length, SYNC.length + VALUE_BITS)
  if (checkBits(bits).some((bit, i) => all[SYNC.length + VALUE_BITS + i] !== bit)) return undefined
  return bits.reduce((value, bit) => value * 2 + bit, 0)
}

/** Milliseconds from the moment a clock row was drawn to `nowUnixMs`, over the value's wrap-around. */
export function clockAgeMs(value: number, nowUnixMs: number): number {
  const now = Math.floor(nowUnixMs * 10) % 2 ** VALUE_BITS
  const half = 2 ** (VALUE_BITS - 1)
  return (((((now - value + half) % 2 ** VALUE_BITS) + 2 ** VALUE_BITS) % 2 ** VALUE_BITS) - half) / 10
}

function checkBits(bits: readonly number[]): number[] {
  return [0, 1, 2, 3].map((k) => bits.reduce((sum, bit, i) => (i % 4 === k ? sum ^ bit : sum), 0))
}
