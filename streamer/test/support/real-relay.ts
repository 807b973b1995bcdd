// SPDX-License-Identifier: Apache-2.0
// The real relay with its mediasoup workers, started as its users start it.

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawnChild, waitFor } from '@nestri/runtime'
import type { Child } from '@nestri/runtime'
import { ordinaryEnv } from './environment.ts'

const MAIN = fileURLToPath(new URL('../../../relay/src/main.ts', import.meta.url))

export interface RealRelay extends AsyncDisposable {
  /** Address for runners. */
  url: string
  /** kill -9, then the same relay again on the same ports. */
  crashAndRestart: () => Promise<void>
}

/** Starts an open relay with one worker on loopback and waits until it is ready. */
export async function openRealRelay(): Promise<RealRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-relay-'))
  const [port, mediaPort] = await Promise.all([freePort(), freePort()])
  const env = {
    ...ordinaryEnv(),
    ENDPOINT_PORT: String(port),
    WEBRTC_UDP_MUX: String(mediaPort),
    NESTRI_LISTEN_ADDRESS: '127.0.0.1',
    NESTRI_WORKERS: '1',
    NESTRI_AUTH: 'open',
    PERSIST_DIR: folder,
  }
  const start = async (): Promise<Child> => {
    const lines: string[] = []
    const child = spawnChild({
      name: 'relay',
      command: process.execPath,
      args: ['--conditions=source', MAIN],
      env,
      onStderr: (line) => lines.push(line),
    })
    await waitFor(
      async () => {
        if (child.status !== undefined) throw new Error(`the relay ended:\n${lines.slice(-10).join('\n')}`)
        return await fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        )
      },
      { what: 'a ready relay', deadlineMs: 20_000 },
    )
    return child
  }
  let child = await start()
  return {
    url: `ws://127.0.0.1:${port}`,
    crashAndRestart: async () => {
      child.signal('SIGKILL')
      await child.exited
      child = await start()
    },
    [Symbol.asyncDispose]: async () => {
      await child.stop({ graceMs: 5_000 })
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
