// SPDX-License-Identifier: Apache-2.0
// Asks the relay that this program started: is it ready, and what does it know of the room. The watch is a server-sent
// event stream (HTML, section 9.2) that is opened again when it ends.

import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { createInterface } from 'node:readline'
import { roomList } from '@nestri/protocol'
import type { RoomFacts } from '@nestri/protocol'
import { pause } from '@nestri/runtime'
import * as v from 'valibot'

export interface RelayAddress {
  /** e.g. `http://localhost:8088`. */
  origin: string
  /** PEM text of the relay's own certificate, where it serves HTTPS. */
  ca: string | undefined
}

const REQUEST_MS = 2_000
const AGAIN_MS = 250
/** A watch that says nothing for so long is opened again; the relay writes something at least every 15 s. */
const SILENCE_MS = 45_000

/** Whether the relay says that it is ready. */
export async function isReady(relay: RelayAddress, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await get(relay, '/readyz', { signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]) })
    response.resume()
    return response.statusCode === 200
  } catch {
    return false
  }
}

/** Calls `onRooms` with the list of rooms at every change, until the signal aborts. */
export async function watchRooms(
  relay: RelayAddress,
  { token, signal, onRooms }: { token: string; signal: AbortSignal; onRooms: (rooms: RoomFacts[]) => void },
): Promise<void> {
  while (!signal.aborted) {
    await readWatch(relay, token, signal, onRooms).catch(() => undefined)
    await pause(AGAIN_MS, signal)
  }
}

async function readWatch(
  relay: RelayAddress,
  token: string,
  signal: AbortSignal,
  onRooms: (rooms: RoomFacts[]) => void,
): Promise<void> {
  const response = await get(relay, '/api/rooms?watch=1', { signal, authorization: `Bearer ${token}` })
  response.setTimeout(SILENCE_MS, () => response.destroy())
  for await (const line of createInterface({ input: response })) {
    if (!line.startsWith('data:')) continue
    const list = v.safeParse(roomList, parseJson(line.slice('data:'.length)))
    if (list.success) onRooms(list.output.rooms)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function get(
  { origin, ca }: RelayAddress,
  path: string,
  { signal, authorization }: { signal: AbortSignal; authorization?: string },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const url = new URL(path, origin)
    const headers = authorization === undefined ? {} : { authorization }
    const options = { headers, signal, agent: false as const, ...(ca === undefined ? {} : { ca }) }
    const request = ca === undefined ? httpRequest(url, options, resolve) : httpsRequest(url, options, resolve)
    request.on('error', reject).end()
  })
}
