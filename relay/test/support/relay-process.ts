// SPDX-License-Identifier: Apache-2.0
// The real relay in a child process, on free ports of loopback.

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RoomFacts, RoomList } from '@nestri/protocol'
import { spawnChild, waitFor } from '@nestri/runtime'
import type { Child } from '@nestri/runtime'
import { anOperator, makeKeys } from './keys.ts'
import type { TestKeys } from './keys.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface RelayProcess extends AsyncDisposable {
  readonly child: Child
  readonly log: readonly string[]
  port: number
  mediaPort: number
  metricsPort: number
  url: string
  keys: TestKeys
  /** Room list as an operator sees it. */
  rooms: () => Promise<RoomFacts[]>
  room: (name: string) => Promise<RoomFacts | undefined>
  /** kill -9 and start again with the same ports and folder. */
  crashAndRestart: () => Promise<void>
  /** Process ids of the media workers. */
  workerPids: () => Promise<number[]>
}

/** Starts a relay and waits until it is ready. */
export async function startRelay(env: Readonly<Record<string, string>> = {}): Promise<RelayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-relay-'))
  const keys = await makeKeys(folder)
  const port = await freePort(6)
  const all = {
    PATH: process.env['PATH'] ?? '',
    ...(process.env['MEDIASOUP_WORKER_BIN'] === undefined
      ? {}
      : { MEDIASOUP_WORKER_BIN: process.env['MEDIASOUP_WORKER_BIN'] }),
    ENDPOINT_PORT: String(port),
    WEBRTC_UDP_MUX: String(port + 1),
    METRICS: 'true',
    METRICS_PORT: String(port + 5),
    NESTRI_LISTEN_ADDRESS: '127.0.0.1',
    NESTRI_WORKERS: '2',
    NESTRI_KEYS_DIR: folder,
    PERSIST_DIR: folder,
    ...env,
  }
  const log: string[] = []
  const start = (): Child => {
    const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', MAIN]
    return spawnChild({
      name: 'relay',
      command: process.execPath,
      args,
      env: all,
      onStderr: (line) => remember(log, line),
    })
  }
  let child = start()
  const url = `${env['NESTRI_TLS_CERT'] === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const ready = async (): Promise<void> => {
    const listening = (): boolean => {
      if (child.status !== undefined) throw new Error(`the relay ended:\n${log.join('\n')}`)
      return log.some((line) => line.includes('relay is ready'))
    }
    await waitFor(listening, { what: 'a ready relay', deadlineMs: 15_000, everyMs: 20 })
  }
  await ready()
  const rooms = async (): Promise<RoomFacts[]> => {
    const authorization = `Bearer ${await keys.sign(anOperator())}`
    const response = await fetch(`${url}/api/rooms`, { headers: { authorization } })
    return ((await response.json()) as RoomList).rooms
  }
  return {
    get child() {
      return child
    },
    log,
    port,
    mediaPort: port + 1,
    metricsPort: port + 5,
    url,
    keys,
    rooms,
    room: async (name) => (await rooms()).find(({ room }) => room === name),
    crashAndRestart: async () => {
      child.signal('SIGKILL')
      await child.exited
      log.length = 0
      child = start()
      await ready()
    },
    workerPids: async () => await childrenOf(child.pid ?? 0),
    [Symbol.asyncDispose]: async () => {
      await child.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function remember(log: string[], line: string): void {
  log.push(line)
  if (process.env['TEST_VERBOSE'] === '1') process.stderr.write(`${line}\n`)
}

async function childrenOf(pid: number): Promise<number[]> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(/\s+/).map(Number)
}

/** A TCP port with `count - 1` more numbers above it that were free a moment ago. */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const base = await takePort(0)
    if (base + count > 60_000) continue
    const more = await Promise.all(Array.from({ length: count - 1 }, (_, i) => takePort(base + 1 + i).catch(() => 0)))
    if (more.every((port) => port !== 0)) return base
  }
}

async function takePort(port: number): Promise<number> {
  const server = createServer()
  return await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const { port: taken } = server.address() as AddressInfo
      server.close(() => resolve(taken))
    })
  })
}
