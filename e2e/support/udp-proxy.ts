// SPDX-License-Identifier: Apache-2.0
// A bad network: a UDP proxy on loopback that limits the rate, delays and drops what passes, per direction. Stands
// between a viewer and a relay, because not every kernel has netem. It decides per packet and reads none.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** What happens to packets on the way to the client; the way back is only delayed. */
export interface Impairment {
  /** Bottleneck in kbit/s; Infinity = none. */
  rateKbps: number
  /** Longest queue in front of the bottleneck, in ms; what would wait longer is dropped. */
  queueMs: number
  /** One-way delay in ms. */
  delayMs: number
  /** Share of packets that is lost, 0..1. */
  loss: number
}

export const CLEAN: Impairment = { rateKbps: Number.POSITIVE_INFINITY, queueMs: 200, delayMs: 0, loss: 0 }

export interface UdpProxy extends AsyncDisposable {
  port: number
  /** Changes the network from now on. */
  impair: (impairment: Partial<Impairment>) => void
  /** Packets and bytes that went to clients, and packets that were dropped, since the last call. */
  counts: () => { packets: number; bytes: number; dropped: number }
}

/** Opens a proxy on `port` of 127.0.0.1 (0 = any) that forwards to `target` on 127.0.0.1; each client gets its own socket. */
export async function openUdpProxy(target: number, port = 0): Promise<UdpProxy> {
  const front = createSocket('udp4')
  front.bind(port, '127.0.0.1')
  await once(front, 'listening')
  front.setSendBufferSize(4_000_000)
  front.setRecvBufferSize(4_000_000)
  const backs = new Map<string, Socket>()
  const timers = new Set<NodeJS.Timeout>()
  let now = { ...CLEAN }
  let freeAtMs = 0
  let counted = { packets: 0, bytes: 0, dropped: 0 }

  const later = (ms: number, send: () => void): void => {
    if (ms < 1) {
      send()
      return
    }
    const timer = setTimeout(() => {
      timers.delete(timer)
      send()
    }, ms)
    timers.add(timer)
  }
  const toClient = (data: Buffer, client: RemoteInfo): void => {
    const atMs = performance.now()
    const startMs = Math.max(atMs, freeAtMs)
    if (startMs - atMs > now.queueMs || Math.random() < now.loss) {
      counted.dropped++
      return
    }
    freeAtMs = startMs + (data.length * 8) / now.rateKbps
    counted.packets++
    counted.bytes += data.length
    later(freeAtMs - atMs + now.delayMs, () => front.send(data, client.port, client.address))
  }
  front.on('message', (data, client) => {
    const key = `${client.address}:${client.port}`
    let back = backs.get(key)
    if (back === undefined) {
      back = createSocket('udp4')
      back.bind(0, '127.0.0.1')
      back.on('message', (reply) => toClient(reply, client))
      backs.set(key, back)
    }
    const socket = back
    later(now.delayMs, () => socket.send(data, target, '127.0.0.1'))
  })
  return {
    port: front.address().port,
    impair: (impairment) => {
      now = { ...now, ...impairment }
      freeAtMs = 0
    },
    counts: () => {
      const result = counted
      counted = { packets: 0, bytes: 0, dropped: 0 }
      return result
    },
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of backs.values()) socket.close()
      front.close()
      await once(front, 'close')
    },
  }
}
