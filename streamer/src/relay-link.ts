// SPDX-License-Identifier: Apache-2.0
// The socket to the relay: announces, keeps both ends sure that the other lives, and comes back by itself. It knows
// nothing of media. TLS trusts what Node trusts, so NODE_EXTRA_CA_CERTS names the certificate of a relay that made its own.

import {
  HELLO_TIMEOUT_MS,
  MAX_BUFFERED_BYTES,
  MAX_MESSAGE_BYTES,
  NestriError,
  parseMessage,
  relayToRunner,
  RUNNER_HEARTBEAT_MS,
  RUNNER_SILENCE_MS,
} from '@nestri/protocol'
import type { RelayToRunner, RunnerMessage } from '@nestri/protocol'
import { backoffMs, messageOf } from '@nestri/runtime'
import type { Logger } from '@nestri/runtime'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { isFinalCode } from './session.ts'

export interface RelayLinkOptions {
  /** Address of the relay, e.g. `ws://relay:8088`. */
  relayUrl: string
  /** The first message of each connection. */
  announce: () => RunnerMessage
  log: Logger
  onAdmitted: () => void
  onMessage: (message: RelayToRunner) => void
  /** An admitted connection, or the attempt to make one, ended. Another attempt follows. */
  onLost: (reason: string) => void
}

/** Waits between attempts: the first one comes at once, because a relay that restarts is back soon. */
const BACKOFF = { baseMs: 250, maxMs: 5_000 }
/** Bytes of a refusal that are read. */
const MAX_REFUSAL_BYTES = 4_096

export class RelayLink {
  readonly #options: RelayLinkOptions
  readonly #url: string
  #socket: WebSocket | undefined
  #admitted = false
  #failures = 0
  #closed = false
  #heardAtMs = 0
  #beat: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #refusal: string | undefined

  constructor(options: RelayLinkOptions) {
    this.#options = options
    this.#url = `${options.relayUrl.replace(/\/+$/, '')}/runner`
  }

  /** Starts the first attempt. */
  open(): void {
    this.#connect()
  }

  /** Sends a message over an admitted connection. False = there is none, or it is too slow to take more. */
  send(message: RunnerMessage): boolean {
    const socket = this.#socket
    if (!this.#admitted || socket?.readyState !== WebSocket.OPEN) return false
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      socket.terminate()
      return false
    }
    socket.send(JSON.stringify(message))
    return true
  }

  /** Ends it for good; what was sent before still goes out. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    clearInterval(this.#beat)
    this.#socket?.close(1000)
  }

  #connect(): void {
    const { log } = this.#options
    const socket = new WebSocket(this.#url, {
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: HELLO_TIMEOUT_MS,
      perMessageDeflate: false,
    })
    this.#socket = socket
    this.#refusal = undefined
    let reason = 'the connection was closed'
    socket.on('open', () => {
      this.#heardAtMs = performance.now()
      this.#beat = setInterval(() => this.#onBeat(socket), RUNNER_HEARTBEAT_MS)
      socket.send(JSON.stringify(this.#options.announce()))
    })
    socket.on('message', (data, isBinary) => this.#onData(socket, isBinary ? undefined : (data as Buffer).toString()))
    socket.on('unexpected-response', (request, response) => {
      this.#onRefused(response, (words) => {
        reason = words
        request.destroy()
        this.#onClosed(socket, reason)
      })
    })
    socket.on('error', (error) => {
      reason = error.message === '' ? messageOf(error) : error.message
      log.debug({ err: error }, 'relay connection failed')
    })
    socket.on('close', (code) =>
      this.#onClosed(socket, this.#refusal ?? (code === 1006 ? reason : `${reason} (${code})`)),
    )
  }

  #onData(socket: WebSocket, text: string | undefined): void {
    this.#heardAtMs = performance.now()
    let message: RelayToRunner
    try {
      if (text === undefined) throw new NestriError('ERR_MESSAGE_FORMAT', { detail: 'binary' })
      message = parseMessage(relayToRunner, text)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'message of the relay cannot be read')
      this.#refusal = `the relay speaks another protocol: ${messageOf(error)}`
      socket.terminate()
      return
    }
    if (message.type === 'admitted') {
      this.#admitted = true
      this.#failures = 0
      this.#options.onAdmitted()
    } else if (message.type === 'error') {
      this.#refusal = `${message.message} (${message.code})`
    }
    this.#options.onMessage(message)
  }

  #onBeat(socket: WebSocket): void {
    if (performance.now() - this.#heardAtMs > (this.#admitted ? RUNNER_SILENCE_MS : HELLO_TIMEOUT_MS)) {
      this.#refusal ??= 'nothing was heard of the relay'
      socket.terminate()
      return
    }
    if (this.#admitted) this.send({ type: 'heartbeat' })
  }

  /** The relay (or a proxy before it) answered the upgrade with an HTTP status. */
  #onRefused(response: IncomingMessage, done: (reason: string) => void): void {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      if (body.length < MAX_REFUSAL_BYTES) body += chunk
    })
    const finish = (): void => {
      const refusal = readRefusal(body)
      done(refusal?.message ?? `HTTP status ${response.statusCode ?? 0}`)
      if (refusal !== undefined && !this.#closed) this.#options.onMessage(refusal)
    }
    response.once('end', finish)
    response.once('error', finish)
  }

  #onClosed(socket: WebSocket, reason: string): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    clearInterval(this.#beat)
    const wasAdmitted = this.#admitted
    this.#admitted = false
    if (this.#closed) return
    const waitMs = this.#failures === 0 ? 0 : backoffMs(this.#failures - 1, BACKOFF)
    if (wasAdmitted || this.#failures === 0) this.#options.log.warn({ reason }, 'relay lost')
    this.#failures += 1
    this.#retry = setTimeout(() => this.#connect(), waitMs)
    this.#options.onLost(reason)
  }
}

/** The refusal in the body of an HTTP answer, as the message that the socket would have carried. */
function readRefusal(body: string): Extract<RelayToRunner, { type: 'error' }> | undefined {
  try {
    const { code, message, hint } = JSON.parse(body) as Partial<Record<string, unknown>>
    if (typeof code !== 'string' || typeof message !== 'string') return undefined
    return { type: 'error', code, message, hint: typeof hint === 'string' ? hint : '', final: isFinalCode(code) }
  } catch {
    return undefined
  }
}
