// SPDX-License-Identifier: Apache-2.0
// What the relay answers over HTTP. Known paths and methods only; every other request is refused with a code.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_ROOM_CHARS, NestriError } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import type { Admission } from '../auth/admission.ts'
import type { RoomRegistry } from '../rooms/registry.ts'
import { isAllowedOrigin } from './origin.ts'
import { bearerToken, sendError, sendJson, sendText } from './replies.ts'
import { streamRooms } from './room-events.ts'
import type { StaticFiles } from './static-files.ts'

export interface RouteDeps {
  admission: Admission
  registry: RoomRegistry
  files: StaticFiles
  allowedOrigins: readonly string[]
  /** Whether the relay can serve rooms right now: its media workers are alive. */
  isReady: () => boolean
  /** Whether it is shutting down: nobody new is taken in. */
  isClosing: () => boolean
  log: Logger
  onRefused: (code: string) => void
}

const READ = ['GET', 'HEAD']
/** Nobody has a body to send us. */
const MAX_BODY_BYTES = 1024

/** Handles one request; never throws and never rejects. */
export function createRequestHandler(deps: RouteDeps): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    handle(request, response, deps).catch((error: unknown) => {
      if (!(error instanceof NestriError)) deps.log.error({ err: error, path: request.url }, 'request failed')
      const refusal = error instanceof NestriError ? error : new NestriError('ERR_INTERNAL')
      deps.onRefused(refusal.code)
      sendError(response, refusal)
    })
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, deps: RouteDeps): Promise<void> {
  const { path, query } = locationOf(request)
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    throw new NestriError('ERR_MESSAGE_SIZE', {
      size: String(request.headers['content-length']),
      limit: MAX_BODY_BYTES,
    })
  }
  request.resume()
  if (path === '/health') {
    allow(request, path, READ)
    return sendText(response, 200, 'ok')
  }
  if (path === '/readyz') {
    allow(request, path, READ)
    if (deps.isClosing() || !deps.isReady()) throw new NestriError('ERR_DRAINING')
    return sendText(response, 200, 'ok')
  }
  if (path === '/api/rooms') {
    allow(request, path, READ)
    const caller = await deps.admission.caller(bearerToken(request))
    if (query.get('watch') === '1') return streamRooms(response, deps.registry, caller)
    return sendJson(response, 200, { rooms: deps.registry.list(caller) })
  }
  const close = /^\/api\/rooms\/([^/]+)\/close$/.exec(path)
  if (close !== null) return await closeRoom(request, response, { deps, name: close[1] ?? '' })
  if (READ.includes(request.method ?? '') && (await deps.files.serve(request, response, path))) return
  if (path === '/') {
    allow(request, path, READ)
    return sendText(response, 503, 'The viewer is not built: run npm run setup.\n')
  }
  throw new NestriError('ERR_NOT_FOUND', { path: path.slice(0, 100) })
}

async function closeRoom(
  request: IncomingMessage,
  response: ServerResponse,
  { deps, name }: { deps: RouteDeps; name: string },
): Promise<void> {
  allow(request, '/api/rooms/<room>/close', ['POST'])
  const { origin, host } = request.headers
  if (!isAllowedOrigin(origin, host, deps.allowedOrigins)) {
    throw new NestriError('ERR_ORIGIN', { origin: String(origin).slice(0, 100) })
  }
  await deps.admission.operator(bearerToken(request))
  deps.registry.close(roomNameOf(name), 'the room was closed by its operator')
  sendJson(response, 200, {})
}

function roomNameOf(encoded: string): string {
  let room = encoded
  try {
    room = decodeURIComponent(encoded)
  } catch {
    // A stray percent sign: the name is refused below.
  }
  if (room.length > MAX_ROOM_CHARS || !/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(room)) {
    throw new NestriError('ERR_ROOM_NAME', { room: room.slice(0, MAX_ROOM_CHARS) })
  }
  return room
}

function allow(request: IncomingMessage, path: string, methods: readonly string[]): void {
  const method = request.method ?? ''
  if (!methods.includes(method)) throw new NestriError('ERR_METHOD', { method, path })
}

function locationOf({ url = '/' }: IncomingMessage): { path: string; query: URLSearchParams } {
  const [path = '/', query = ''] = url.split('?', 2)
  return { path, query: new URLSearchParams(query) }
}
