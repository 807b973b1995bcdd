// SPDX-License-Identifier: Apache-2.0
// The C++ programs of bench/native: built when they are missing or older than their sources.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SOURCES = fileURLToPath(new URL('../../native/', import.meta.url))
const BUILD = join(SOURCES, 'build')

export type NativeProgram = 'viewers' | 'publisher' | 'rtp-tap' | 'sendto-limit'

/** Path of a built program. */
export function nativeProgram(name: NativeProgram): string {
  return join(BUILD, name)
}

/**
 * Builds what is not up to date; returns at once otherwise.
 * @throws {Error} with the compiler's words
 */
export async function buildNativePrograms(): Promise<void> {
  if (!existsSync(join(BUILD, 'build.ninja'))) await run('meson', ['setup', BUILD, SOURCES])
  await run('ninja', ['-C', BUILD]).catch((error: { stdout?: string; message: string }) => {
    throw new Error(`bench/native does not build:\n${error.stdout ?? error.message}`)
  })
}
