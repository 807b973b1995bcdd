// SPDX-License-Identifier: Apache-2.0
// Whether ports can be used, asked before anything is started. Another program may still take one in between; then the
// relay says so itself.

import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { NestriError } from '@nestri/protocol'

export interface PortsWanted {
  /** TCP port of the page; 0 = a free one. */
  endpointPort: number
  /** First media port; 0 = the relay picks free ones. */
  mediaPort: number
  /** Number of media ports. */
  workers: number
  /** Address to listen on; empty = all. */
  address: string
}

/**
 * The port of the page, chosen where 0 was asked for.
 * @throws {NestriError} ERR_PORT_IN_USE with the first port that is taken, ERR_PORT_REFUSED where it is not permitted
 */
export async function claimPorts({ endpointPort, mediaPort, workers, address }: PortsWanted): Promise<number> {
  const port = await tryTcp(endpointPort, address)
  if (mediaPort !== 0) {
    for (let i = 0; i < workers; i++) {
      await tryTcp(mediaPort + i, address)
      await tryUdp(mediaPort + i, address)
    }
  }
  return port
}

async function tryTcp(port: number, address: string): Promise<number> {
  const server = createServer()
  server.listen({ port, ...(address === '' ? {} : { host: address }) })
  await once(server, 'listening').catch((error: unknown) => refuse(port, error))
  const { port: taken } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return taken
}

async function tryUdp(port: number, address: string): Promise<void> {
  const socket = createSocket('udp4')
  socket.bind({ port, ...(address === '' ? {} : { address }) })
  await once(socket, 'listening').catch((error: unknown) => refuse(port, error))
  socket.close()
  await once(socket, 'close')
}

function refuse(port: number, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') throw new NestriError('ERR_PORT_IN_USE', { port }, { cause: error })
  if (code === 'EACCES') throw new NestriError('ERR_PORT_REFUSED', { port }, { cause: error })
  throw error
}
