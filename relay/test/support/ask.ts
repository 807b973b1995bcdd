// SPDX-License-Identifier: Apache-2.0
// Speaks to a relay's sockets word by word, for what well-behaved peers never say.

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { INGEST_VERSION, SIGNALING_VERSION } from '@nestri/protocol'
import { withDeadline } from '@nestri/runtime'
import { WebSocket } from 'ws'

export interface Refusal {
  code: string
  final: boolean
  /** Code of the WebSocket's close. */
  close: number
}

/** Connects, sends each text, and waits for the end: the last error and the close code. */
export async function refusal(
  url: string,
  path: '/signal' | '/runner',
  texts: readonly (string | Buffer)[],
): Promise<Refusal> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`)
  let last = { code: '', final: false }
  socket.on('error', () => undefined)
  socket.on('open', () => {
    for (const text of texts) socket.send(text)
  })
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { type: string; code: string; final: boolean }
    if (message.type === 'error') last = { code: message.code, final: message.final }
  })
  try {
    const [close] = (await withDeadline(once(socket, 'close'), 9_000, 'the end of the socket')) as [number]
    return { ...last, close }
  } finally {
    socket.terminate()
  }
}

/** HTTP status and code with which an upgrade is refused. */
export async function upgradeRefusal(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; code: string }> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, { headers })
  socket.on('error', () => undefined)
  const answer = once(socket, 'unexpected-response') as Promise<[unknown, IncomingMessage]>
  const [, response] = await withDeadline(answer, 5_000, 'the refusal')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const { code } = JSON.parse(Buffer.concat(chunks).toString()) as { code: string }
  return { status: response.statusCode ?? 0, code }
}

export function helloText(room: string, fields: object = {}): string {
  return JSON.stringify({ type: 'hello', version: SIGNALING_VERSION, room, ...fields })
}

export function announceText(room: string, fields: object = {}): string {
  const bitrate = { minKbps: 500, startKbps: 1_000, maxKbps: 2_000 }
  return JSON.stringify({
    type: 'announce',
    version: INGEST_VERSION,
    room,
    epoch: 1,
    bitrate,
    encoder: null,
    ...fields,
  })
}
