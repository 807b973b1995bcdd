// SPDX-License-Identifier: Apache-2.0
// The token that the relay is shown. A token in a file is looked at again and again, because whoever manages the room
// replaces it under a running program; files of a mounted Secret change by a rename of a folder, which only looking finds.

import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { EXIT_CONFIG, ExitError, messageOf } from '@nestri/runtime'
import type { Logger } from '@nestri/runtime'

export interface RunnerToken extends Disposable {
  /** The token of now, or undefined where the relay wants none. */
  current: () => string | undefined
}

export interface RunnerTokenOptions {
  token: string | undefined
  tokenFile: string | undefined
  log: Logger
  /** The file holds another token now. */
  onRenewed: (token: string) => void
  /** How often the file is looked at, in ms. */
  intervalMs?: number
}

/**
 * Reads the token and watches its file.
 * @throws {ExitError} 78 where the file cannot be read or is empty
 */
export function openRunnerToken(options: RunnerTokenOptions): RunnerToken {
  const { token, tokenFile, log, onRenewed, intervalMs = 2_000 } = options
  if (tokenFile === undefined) return { current: () => token, [Symbol.dispose]: () => undefined }
  let current = readFirst(tokenFile)
  const look = (): void => {
    try {
      const found = readFileSync(tokenFile, 'utf8').trim()
      if (found === '' || found === current) return
      current = found
      log.info({ tokenFile }, 'runner token renewed')
      onRenewed(found)
    } catch (error) {
      // In the middle of being replaced; the old token stays in use.
      log.warn({ tokenFile, err: error }, 'runner token cannot be read')
    }
  }
  watchFile(tokenFile, { interval: intervalMs }, look)
  return { current: () => current, [Symbol.dispose]: () => unwatchFile(tokenFile, look) }
}

function readFirst(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ExitError(EXIT_CONFIG, `NESTRI_TOKEN_FILE=${file} cannot be read: ${messageOf(error)}`)
  }
  if (text === '') throw new ExitError(EXIT_CONFIG, `NESTRI_TOKEN_FILE=${file} is empty`)
  return text
}
