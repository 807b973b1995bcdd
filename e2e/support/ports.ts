// SPDX-License-Identifier: Apache-2.0
// Ports that nobody uses, so that journeys can run beside each other and beside a real relay.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Whether nobody listens on a port of loopback, over TCP and UDP. */
async function isFree(port: number): Promise<boolean> {
  const tcp = createServer().listen(port, '127.0.0.1')
  const udp = createSocket('udp4')
  udp.bind(port, '127.0.0.1')
  try {
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')])
    return true
  } catch {
    return false
  } finally {
    tcp.on('error', () => undefined).close()
    udp.on('error', () => undefined)
    try {
      udp.close()
    } catch {
      // It never got its port.
    }
  }
}

/** The first of `count` free ports in a row, below the range from which the kernel picks ports for clients. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)))
    if (free.every(Boolean)) return first
  }
  throw new Error(`no ${count} free ports in a row between 10000 and 30000`)
}
