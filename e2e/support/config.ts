// SPDX-License-Identifier: Apache-2.0
// Where things are, and the environment that every program of a journey starts from.

import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** Node of the repository: the one that runs this. */
export const NODE: string = process.execPath

/** Chromium; Debian's path unless CHROMIUM says otherwise. */
export const CHROMIUM: string = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** The addon's X11 program that draws the frame clock and the last key. */
export const X11_CLOCK: string = `${ROOT}streamer/native/build/nestri-x11-clock`

/** What a child gets from our own environment; everything else is given explicitly. */
export function baseEnv(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'MEDIASOUP_WORKER_BIN', 'XDG_CACHE_HOME', 'NESTRI_CACHE', 'TMPDIR']
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

/** Whether journeys print what their programs log. */
export const VERBOSE: boolean = process.env['E2E_VERBOSE'] === '1'

/** Whether what takes long runs too (`npm run verify:long`). */
export const LONG: boolean = process.env['NESTRI_TEST_LONG'] === '1'
