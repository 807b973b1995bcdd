// SPDX-License-Identifier: Apache-2.0
// Stands between a runner and its relay on `WS /runner`: passes everything on, and can put a target bitrate of its own
// in place of the relay's, at a moment that is known.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { RelayToRunner } from '@nestri/protocol'
import { WebSocket, WebSocketServer } from 'ws'

export interface TargetProxy extends AsyncDisposable {
  port: number
  /** Sends a target and holds the relay's back from now on. Returns the Unix ms at which it was sent. */
  setTarget: (bitrateKbps: number) => number
  /** Lets the relay's targets through again. */
  release: () => void
}

/** Opens a proxy on a free port of loopback for the relay on `relayPort`. */
export async function openTargetProxy(relayPort: number): Promise<TargetProxy> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  let runner: WebSocket | undefined
  let holding = false
  server.on('connection', (socket) => {
    runner = socket
    const relay = new WebSocket(`ws://127.0.0.1:${relayPort}/runner`)
    const early: string[] = []
    socket.on('message', (data: Buffer) => {
      if (relay.readyState === WebSocket.OPEN) relay.send(data.toString('utf8'))
      else early.push(data.toString('utf8'))
    })
    relay.on('open', () => {
      for (const text of early.splice(0)) relay.send(text)
    })
    relay.on('message', (data: Buffer) => {
      const text = data.toString('utf8')
      const { type } = JSON.parse(text) as RelayToRunner
      if (!(holding && type === 'target-bitrate')) socket.send(text)
    })
    for (const [from, to] of [
      [socket, relay],
      [relay, socket],
    ] as const) {
      from.on('close', () => to.close())
      from.on('error', () => to.close())
    }
  })
  return {
    port: (server.address() as AddressInfo).port,
    setTarget: (bitrateKbps) => {
      holding = true
      const message: RelayToRunner = { type: 'target-bitrate', bitrateKbps, reason: 'bench' }
      runner?.send(JSON.stringify(message))
      return performance.timeOrigin + performance.now()
    },
    release: () => {
      holding = false
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of server.clients) client.terminate()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}
