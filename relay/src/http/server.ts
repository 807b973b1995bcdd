// SPDX-License-Identifier: Apache-2.0
// The relay's one TCP port: HTTP or HTTPS, and WebSockets on /signal and /runner. Bounds of time and number for
// everybody who connects.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { MAX_MESSAGE_BYTES, NestriError } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { isAllowedOrigin } from './origin.ts'
import { refuseUpgrade } from './replies.ts'
import { createRequestHandler } from './routes.ts'
import type { RouteDeps } from './routes.ts'
import { readTls, reloadTls } from './tls-files.ts'
import type { TlsFiles } from './tls-files.ts'

export interface HttpServerOptions {
  /** TCP port; 0 picks a free one. */
  port: number
  /** Address to listen on; empty = all. */
  address: string
  tls: TlsFiles | undefined
  routes: RouteDeps
  log: Logger
  onViewer: (socket: WebSocket) => void
  onRunner: (socket: WebSocket) => void
}

export interface HttpServer extends AsyncDisposable {
  port: number
}

/** WebSockets of one address and of all: a household or an office behind one address is fine, a flood is not. */
const MAX_SOCKETS_PER_ADDRESS = 512
const MAX_SOCKETS = 8_192
/** Larger messages end the socket before they are read whole (close code 1009); smaller ones that are too large get a code. */
const MAX_PAYLOAD_BYTES = 4 * MAX_MESSAGE_BYTES

/**
 * Opens the port.
 * @throws {NestriError} ERR_PORT_IN_USE
 */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { port, address, tls, log } = options
  const limits = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 10_000, maxHeaderSize: 16 * 1024 }
  const handler = createRequestHandler(options.routes)
  await using stack = new AsyncDisposableStack()
  let server: Server
  if (tls === undefined) {
    server = createServer(limits, handler)
  } else {
    const secure = createTlsServer({ ...limits, ...(await readTls(tls)), minVersion: 'TLSv1.2' }, handler)
    stack.use(reloadTls(secure, tls, log))
    secure.on('tlsClientError', () => {
      // A client that does not like our certificate, or junk: nothing of ours failed.
    })
    server = secure
  }
  server.maxConnections = MAX_SOCKETS * 2
  server.on('clientError', (_error, socket) => socket.destroy())
  const sockets = acceptSockets(server, options)
  stack.defer(async () => {
    sockets.close()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  await listen(server, port, address)
  const opened = stack.move()
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  }
}

/** What a listener's error means: ERR_PORT_IN_USE where that is it, else the error itself. */
export function portError(error: unknown, port: number): unknown {
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  return inUse ? new NestriError('ERR_PORT_IN_USE', { port }, { cause: error }) : error
}

async function listen(server: Server, port: number, address: string): Promise<void> {
  server.listen(port, address === '' ? undefined : address)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw portError(error, port)
  }
}

function acceptSockets(server: Server, options: HttpServerOptions): WebSocketServer {
  const { routes, log, onViewer, onRunner } = options
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: false })
  const handlers: Readonly<Record<string, (socket: WebSocket) => void>> = { '/signal': onViewer, '/runner': onRunner }
  const perAddress = new Map<string, number>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const [path = ''] = (request.url ?? '').split('?', 1)
    const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined
    const address = request.socket.remoteAddress ?? ''
    const refusal = refusalOf(request, { known: handler !== undefined, path, options, perAddress })
    if (refusal !== undefined || handler === undefined) {
      routes.onRefused(refusal?.code ?? 'ERR_NOT_FOUND')
      refuseUpgrade(socket, refusal ?? new NestriError('ERR_NOT_FOUND', { path }))
      return
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
      webSocket.once('close', () => {
        const left = (perAddress.get(address) ?? 1) - 1
        if (left <= 0) perAddress.delete(address)
        else perAddress.set(address, left)
      })
      try {
        handler(webSocket)
      } catch (error) {
        log.error({ err: error }, 'socket could not be served')
        webSocket.terminate()
      }
    })
  })
  return webSockets
}

function refusalOf(
  request: IncomingMessage,
  {
    known,
    path,
    options,
    perAddress,
  }: { known: boolean; path: string; options: HttpServerOptions; perAddress: ReadonlyMap<string, number> },
): NestriError | undefined {
  const { origin, host } = request.headers
  if (!known) return new NestriError('ERR_NOT_FOUND', { path: path.slice(0, 100) })
  if (!isAllowedOrigin(origin, host, options.routes.allowedOrigins)) {
    return new NestriError('ERR_ORIGIN', { origin: String(origin).slice(0, 100) })
  }
  if (options.routes.isClosing()) return new NestriError('ERR_DRAINING')
  const all = [...perAddress.values()].reduce((sum, count) => sum + count, 0)
  const here = perAddress.get(request.socket.remoteAddress ?? '') ?? 0
  if (all >= MAX_SOCKETS || here >= MAX_SOCKETS_PER_ADDRESS) return new NestriError('ERR_RELAY_FULL')
  return undefined
}
