// SPDX-License-Identifier: Apache-2.0
// The relay's certificate: read from files and given to the running server again when they change.

import { readFile, stat } from 'node:fs/promises'
import type { Server } from 'node:https'
import { createSecureContext } from 'node:tls'
import type { Logger } from '@nestri/runtime'

export interface TlsFiles {
  /** PEM files of the chain and of its key. */
  cert: string
  key: string
}

/** How often the files are looked at, in ms: cert-manager and kubelet swap them by symlink, which watches miss. */
const POLL_MS = 2_000

/** Reads certificate and key. Rejects when they do not belong together. */
export async function readTls({ cert, key }: TlsFiles): Promise<{ cert: Buffer; key: Buffer }> {
  const pair = { cert: await readFile(cert), key: await readFile(key) }
  createSecureContext(pair)
  return pair
}

/** Reloads the files into `server` when they change. A pair that does not fit is left until it does. Returns the end. */
export function reloadTls(server: Server, files: TlsFiles, log: Logger): Disposable {
  let known: string | undefined
  let busy = false
  const look = async (): Promise<void> => {
    const times = await Promise.all([files.cert, files.key].map((file) => stat(file)))
    const now = times.map(({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`).join()
    if (now === known) return
    const first = known === undefined
    if (!first) {
      server.setSecureContext({ ...(await readTls(files)), minVersion: 'TLSv1.2' })
      log.info({ cert: files.cert }, 'certificate reloaded')
    }
    known = now
  }
  const poll = (): void => {
    if (busy) return
    busy = true
    look()
      .catch((error: unknown) => log.warn({ err: error, cert: files.cert }, 'certificate could not be reloaded'))
      .finally(() => {
        busy = false
      })
  }
  poll()
  const timer = setInterval(poll, POLL_MS)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
