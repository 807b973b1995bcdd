// SPDX-License-Identifier: Apache-2.0
// `window.nestri`: what tests and benchmarks read from the page. Read only, nothing here changes what the page does;
// the members are stable, tests of other packages rely on them.

import type { Role } from '@nestri/protocol'
import type { PhotonResult } from './latency.ts'
import type { ScreenKind } from './screens.ts'
import type { ViewerSample } from './stats.ts'

/** The page's diagnostics, read at the time of the access. Evaluate it in the page: `await page.evaluate(() => nestri.state)`. */
export interface NestriDiagnostics {
  /** Which screen is shown, e.g. `playing`; the room list is `rooms`. */
  readonly state: ScreenKind | 'rooms'
  /** Code of the refusal or failure that is shown; empty where there is none. */
  readonly code: string
  /** Our viewer id, once welcomed. */
  readonly viewer: string | undefined
  readonly role: Role | undefined
  /** The seat that we hold. */
  readonly seat: number | undefined
  /** Whether keyboard and mouse go to the room now: seat held, room live, captured. */
  readonly engaged: boolean
  /** Number of the last input message that this page sent; 0 before the first. */
  readonly inputSeq: number
  /** The last input that was seen in a picture. */
  readonly lastEcho: PhotonResult | undefined
  /** Figures of the last second; undefined before the second one of a stream. */
  stats(): ViewerSample | undefined
  /** Latest latencies in milliseconds, oldest first, at most 600 of each: per presented frame, and per echoed input. */
  latencies(): { glassToGlassMs: number[]; inputToPhotonMs: number[] }
  /** The media connection whose picture is shown. Its video element is `video#video`; both are replaced with the stream. */
  peerConnection(): RTCPeerConnection | undefined
}

/** Where each member comes from. */
export type DiagnosticsSource = {
  readonly [K in keyof NestriDiagnostics]: NestriDiagnostics[K] extends (...args: never[]) => unknown
    ? NestriDiagnostics[K]
    : () => NestriDiagnostics[K]
}

/** Diagnostics of the room list. */
export const NO_ROOM: DiagnosticsSource = {
  state: () => 'rooms',
  code: () => '',
  viewer: () => undefined,
  role: () => undefined,
  seat: () => undefined,
  engaged: () => false,
  inputSeq: () => 0,
  lastEcho: () => undefined,
  stats: () => undefined,
  latencies: () => ({ glassToGlassMs: [], inputToPhotonMs: [] }),
  peerConnection: () => undefined,
}

const METHODS: readonly string[] = ['stats', 'latencies', 'peerConnection'] satisfies (keyof NestriDiagnostics)[]

/** Publishes the diagnostics as `window.nestri`. */
export function publishDiagnostics(source: DiagnosticsSource): void {
  const nestri = {}
  for (const [name, read] of Object.entries(source)) {
    const member = METHODS.includes(name) ? { value: read } : { get: read }
    Object.defineProperty(nestri, name, { ...member, enumerable: true })
  }
  Object.defineProperty(window, 'nestri', { value: Object.freeze(nestri), enumerable: true })
}
