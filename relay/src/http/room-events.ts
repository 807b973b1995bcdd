// SPDX-License-Identifier: Apache-2.0
// `GET /api/rooms?watch=1`: the room list as server-sent events (WHATWG HTML §9.2), the whole list each time. The
// operator's source of room facts.

import type { ServerResponse } from 'node:http'
import { MAX_BUFFERED_BYTES, NestriError } from '@nestri/protocol'
import type { Caller } from '../auth/admission.ts'
import type { RoomRegistry } from '../rooms/registry.ts'
import { COMMON_HEADERS } from './replies.ts'

/** Changes within this time are one event. */
const COALESCE_MS = 100
/** Figures change every second without an event; this is how old they may get. Also keeps proxies from timing out. */
const REFRESH_MS = 5_000

/** Everybody who may watch at the same time: operators, and pages that show the list. */
const MAX_WATCHERS = 256
/** After this time a watcher has to show its token again. */
const LONGEST_MS = 3_600_000

/**
 * Streams what `caller` may see until the response closes, at most an hour.
 * @throws {NestriError} ERR_RELAY_FULL
 */
export function streamRooms(response: ServerResponse, registry: RoomRegistry, caller: Caller): void {
  if (registry.watcherCount >= MAX_WATCHERS) throw new NestriError('ERR_RELAY_FULL')
  let last = ''
  let timer: NodeJS.Timeout | undefined
  const send = (): void => {
    timer = undefined
    if (response.writableLength > MAX_BUFFERED_BYTES) {
      response.destroy()
      return
    }
    const data = JSON.stringify({ rooms: registry.list(caller) })
    response.write(data === last ? ': still here\n\n' : `event: rooms\ndata: ${data}\n\n`)
    last = data
  }
  response.writeHead(200, {
    ...COMMON_HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  send()
  const unwatch = registry.watch(() => {
    timer ??= setTimeout(send, COALESCE_MS)
  })
  const refresh = setInterval(send, REFRESH_MS)
  const end = setTimeout(() => response.end(), LONGEST_MS)
  response.once('close', () => {
    unwatch()
    clearInterval(refresh)
    clearTimeout(end)
    clearTimeout(timer)
  })
}
