// SPDX-License-Identifier: Apache-2.0
// One set-up at a time. The lock is the kernel's, held through a small child process, so that it is gone the moment
// that the set-up is, however it ends: no stale lock file can ever be in the way.

import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SetupError } from './errors.mjs'

/** Holds the lock for as long as its standard input is open, which is as long as its parent lives. */
const HOLD = 'echo held; exec cat >/dev/null'

/** Takes the lock, and resolves to undefined when someone else has it (`wait: false`). */
async function take(file, wait) {
  const args = wait ? [file] : ['--nonblock', '--conflict-exit-code', '75', file]
  // Its own process group: Ctrl-C must not free the lock while the set-up still finishes a package installation.
  // One that still waits has not begun to read its input: the kernel ends it with us.
  const line = ['--pdeathsig', 'TERM', 'flock', ...args, 'sh', '-c', HOLD]
  const child = spawn('setpriv', line, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
  const state = await new Promise((resolve, reject) => {
    child.stdout.once('data', () => resolve('held'))
    child.once('error', reject)
    child.once('exit', (code) => (code === 75 ? resolve('busy') : reject(new Error(`flock ended with ${code}`))))
  })
  if (state === 'busy') return undefined
  return {
    async release() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await ended
    },
  }
}

/**
 * Takes the set-up's lock, and waits where another set-up holds it.
 * @param {string} file
 * @param {() => void} onWait called once when there is something to wait for
 * @returns {Promise<{release(): Promise<void>}>}
 * @throws {SetupError} when the lock file cannot be made
 */
export async function lockSetup(file, onWait) {
  try {
    await mkdir(dirname(file), { recursive: true })
    const lock = await take(file, false)
    if (lock) return lock
    onWait()
    return await take(file, true)
  } catch (cause) {
    throw new SetupError(`the lock ${file} cannot be taken: ${cause.message}`, {
      whatToDo: `Make ${dirname(file)} writable, or set NESTRI_CACHE to a folder that is.`,
      cause,
    })
  }
}
