// SPDX-License-Identifier: Apache-2.0
// A bad network for media: a UDP proxy in front of one media port that limits the rate towards the viewer, with a queue
// that overflows as a router's does. Everything that passes is counted.

import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'

export interface LinkShape {
  /** Rate towards the viewer, in kbit/s. */
  rateKbps: number
  /** Longest time that a packet waits, in ms; later ones are dropped. */
  queueMs: number
  /** Share of packets towards the viewer that are lost by chance, 0..1. */
  loss: number
}

export interface UdpProxy extends AsyncDisposable {
  port: number
  /** Changes the link; what is not named is as on a perfect link. */
  shape: (shape: Partial<LinkShape>) => void
  /** Packets towards the viewer, and how many of them were dropped. */
  counts: () => { forwarded: number; dropped: number }
}

const PERFECT: LinkShape = { rateKbps: Number.POSITIVE_INFINITY, queueMs: 300, loss: 0 }

/** Opens a proxy on a free port of loopback, in front of `target`. */
export async function openUdpProxy(target: number): Promise<UdpProxy> {
  const front = createSocket('udp4')
  const backs = new Map<string, Socket>()
  const timers = new Set<NodeJS.Timeout>()
  let shape = PERFECT
  let freeAtMs = 0
  const counts = { forwarded: 0, dropped: 0 }

  const towardsViewer = (bytes: Buffer, port: number, address: string): void => {
    const nowMs = performance.now()
    const startMs = Math.max(nowMs, freeAtMs)
    if (startMs - nowMs > shape.queueMs || Math.random() < shape.loss) {
      counts.dropped++
      return
    }
    freeAtMs = startMs + (bytes.length * 8) / shape.rateKbps
    counts.forwarded++
    const waitMs = freeAtMs - nowMs
    if (waitMs < 1) {
      front.send(bytes, port, address)
      return
    }
    const timer = setTimeout(() => {
      timers.delete(timer)
      front.send(bytes, port, address)
    }, waitMs)
    timers.add(timer)
  }
  front.on('message', (bytes, { port, address }) => {
    const key = `${address}:${port}`
    let back = backs.get(key)
    if (back === undefined) {
      back = createSocket('udp4')
      back.on('message', (answer) => towardsViewer(answer, port, address))
      back.on('error', () => undefined)
      backs.set(key, back)
    }
    back.send(bytes, target, '127.0.0.1')
  })
  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    port: front.address().port,
    shape: (change) => {
      shape = { ...PERFECT, ...change }
      freeAtMs = 0
    },
    counts: () => ({ ...counts }),
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers) clearTimeout(timer)
      for (const back of backs.values()) back.close()
      front.close()
      await once(front, 'close')
    },
  }
}

/** Leads the media of an offer through a proxy: its UDP candidates get the proxy's port, those for TCP go. */
export function throughProxy(sdp: string, mediaPort: number, proxyPort: number): string {
  return sdp
    .split('\r\n')
    .filter((line) => !(line.startsWith('a=candidate') && line.includes(' tcp ')))
    .map((line) => (line.startsWith('a=candidate') ? line.replace(` ${mediaPort} typ`, ` ${proxyPort} typ`) : line))
    .join('\r\n')
}
