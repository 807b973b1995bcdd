// SPDX-License-Identifier: Apache-2.0
// Replies of the HTTP side: JSON, and refusals with a code of the error catalogue. Every request gets one.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { ERRORS } from '@nestri/protocol'
import type { NestriError } from '@nestri/protocol'

/** Headers of every reply. */
export const COMMON_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Sends a JSON body that nobody caches. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    ...COMMON_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}

/** Sends a plain text. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    ...COMMON_HEADERS,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}

/** Sends a refusal: `{code, message, hint}` with the status of the catalogue. */
export function sendError(response: ServerResponse, error: NestriError): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  sendJson(response, statusOf(error), bodyOf(error))
}

/** Refuses a WebSocket upgrade: an HTTP reply on the bare socket, then its end. */
export function refuseUpgrade(socket: Duplex, error: NestriError): void {
  const body = JSON.stringify(bodyOf(error))
  const head = [
    `HTTP/1.1 ${statusOf(error)} Refused`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1). Never from the URL: URLs are logged. */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

function statusOf({ code }: NestriError): number {
  const info: { status?: number } = ERRORS[code]
  return info.status ?? 500
}

function bodyOf({ code, message, hint }: NestriError): { code: string; message: string; hint: string } {
  return { code, message, hint }
}
