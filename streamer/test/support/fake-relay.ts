// SPDX-License-Identifier: Apache-2.0
// The runner's end of a relay without media: admits, keeps what it is told and says what a test wants. It is there for
// what a real relay would have to be broken for; media is tested against the real one.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { parseMessage, RUNNER_HEARTBEAT_MS, runnerMessage } from '@nestri/protocol'
import type { RelayToRunner, RunnerMessage } from '@nestri/protocol'
import { waitFor } from '@nestri/runtime'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

export interface FakeRelayOptions {
  /** 0 = a free one. */
  port?: number
  /** Answers the upgrade with this HTTP status and body instead. */
  refuse?: { status: number; body: unknown }
  /** Sent instead of `admitted` after the announce. */
  instead?: RelayToRunner
  /** Sends no heartbeats, as if it hung. */
  silent?: boolean
  /** Serves wss:// with this certificate. */
  tls?: { cert: string; key: string }
}

export interface FakeRelay extends AsyncDisposable {
  port: number
  url: string
  /** Everything that was received, with the number of the connection it came over. */
  received: { connection: number; message: RunnerMessage }[]
  /** Sends over the newest connection. */
  send: (message: RelayToRunner) => void
  /** Cuts all connections without a goodbye. */
  drop: () => void
  /** Waits for a message of a type over a connection (from 1). */
  next: <T extends RunnerMessage['type']>(
    type: T,
    connection?: number,
    after?: number,
  ) => Promise<Extract<RunnerMessage, { type: T }>>
}

export async function openFakeRelay(options: FakeRelayOptions = {}): Promise<FakeRelay> {
  const received: FakeRelay['received'] = []
  const sockets = new Set<WebSocket>()
  let newest: WebSocket | undefined
  let connections = 0
  const server = options.tls === undefined ? createServer() : createSecureServer(options.tls)
  const webSockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (options.refuse !== undefined) {
      const body = JSON.stringify(options.refuse.body)
      socket.end(`HTTP/1.1 ${options.refuse.status} Refused\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
      return
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => welcome(webSocket))
  })
  const welcome = (socket: WebSocket): void => {
    const connection = ++connections
    newest = socket
    sockets.add(socket)
    const beat = setInterval(() => {
      if (options.silent !== true) socket.send(JSON.stringify({ type: 'heartbeat' }))
    }, RUNNER_HEARTBEAT_MS)
    socket.on('close', () => {
      clearInterval(beat)
      sockets.delete(socket)
    })
    socket.on('message', (data) => {
      const message = parseMessage(runnerMessage, (data as Buffer).toString())
      received.push({ connection, message })
      if (message.type !== 'announce') return
      socket.send(JSON.stringify(options.instead ?? { type: 'admitted', room: message.room, id: 'one' }))
    })
  }
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const drop = (): void => {
    for (const socket of sockets) socket.terminate()
  }
  return {
    port,
    url: `${options.tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}`,
    received,
    send: (message) => newest?.send(JSON.stringify(message)),
    drop,
    next: async (type, connection = 1, after = 0) => {
      const found = await waitFor(
        () => received.filter((one) => one.connection === connection && one.message.type === type)[after]?.message,
        { what: `${type} over connection ${connection}`, deadlineMs: 20_000, everyMs: 20 },
      )
      return found as Extract<RunnerMessage, { type: typeof type }>
    },
    [Symbol.asyncDispose]: async () => {
      drop()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
