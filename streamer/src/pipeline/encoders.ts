// SPDX-License-Identifier: Apache-2.0
// Every encoder that this program knows, best first. An element that has no record here is never used: what its
// properties mean would be a guess.

import type { EncoderRecord } from './encoder-record.ts'
import { HARDWARE_ENCODERS } from './hardware-encoders.ts'
import { SOFTWARE_ENCODERS } from './software-encoders.ts'

/** All records: hardware before software, then by rank. */
export const ENCODERS: readonly EncoderRecord[] = [...HARDWARE_ENCODERS, ...SOFTWARE_ENCODERS].toSorted(
  (a, b) => Number(b.type === 'hardware') - Number(a.type === 'hardware') || b.rank - a.rank,
)

/** The record of a GStreamer element, or undefined where there is none. */
export function encoderRecord(element: string): EncoderRecord | undefined {
  return ENCODERS.find((record) => record.element === element)
}
