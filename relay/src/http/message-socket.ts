// SPDX-License-Identifier: Apache-2.0
// A WebSocket that carries JSON messages of one schema: bounds of size, rate, silence and backlog are kept here, so that
// what comes out is typed and expected. Nothing that arrives throws out of it.

import {
  HELLO_TIMEOUT_MS,
  MAX_BUFFERED_BYTES,
  MAX_MESSAGE_BYTES,
  MESSAGES_BURST,
  MESSAGES_PER_SECOND,
} from '@nestri/protocol'
import { NestriError, parseMessage } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import type { GenericSchema, InferOutput } from 'valibot'
import type { RawData, WebSocket } from 'ws'
import { fullBucket, takeToken } from './token-bucket.ts'
import type { TokenBucket } from './token-bucket.ts'

const RATE = { perSecond: MESSAGES_PER_SECOND, burst: MESSAGES_BURST }

/** Close codes (RFC 6455 §7.4); docs/protocol.md lists them. */
export const CLOSE = { normal: 1000, goingAway: 1001, refused: 1008, tooBig: 1009, tryAgain: 1013 } as const

export interface MessageSocketOptions<S extends GenericSchema> {
  schema: S
  /** Interval of pings, and the silence after which the socket is dropped, in ms. */
  pingMs: number
  silenceMs: number
  log: Logger
  onMessage: (message: InferOutput<S>) => void
  /** Called once, whatever ended the socket. `reason` says what in words. */
  onClosed: (reason: string) => void
  /** Called for each refusal that is sent. */
  onRefused: (error: NestriError) => void
}

/** What any of our sockets may say. */
interface Message {
  type: string
}

export class MessageSocket<S extends GenericSchema, Out extends Message> {
  readonly #socket: WebSocket
  readonly #options: MessageSocketOptions<S>
  readonly #timers: NodeJS.Timeout[] = []
  #bucket: TokenBucket = fullBucket(RATE, performance.now())
  #heardAtMs: number = performance.now()
  #reason = 'the connection was closed'
  #closed = false
  #greeted = false

  constructor(socket: WebSocket, options: MessageSocketOptions<S>) {
    this.#socket = socket
    this.#options = options
    socket.on('message', (data, isBinary) => this.#guard(() => this.#onMessage(data, isBinary)))
    socket.on('pong', () => {
      this.#heardAtMs = performance.now()
    })
    socket.on('error', (error) => {
      this.#reason = error.message
      if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
        options.onRefused(new NestriError('ERR_MESSAGE_SIZE', { size: 'too many', limit: MAX_MESSAGE_BYTES }))
      }
    })
    socket.on('close', () => this.#guard(() => this.#onClose()))
    this.#timers.push(setInterval(() => this.#beat(), Math.min(options.pingMs, options.silenceMs / 4)))
    this.#timers.push(setTimeout(() => this.#onHelloTimeout(), HELLO_TIMEOUT_MS))
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Sends a message. A peer that does not read is dropped: what is buffered for it would only grow. */
  send(message: Out): void {
    if (this.#closed || this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.drop('it does not read what it is sent')
      return
    }
    this.#socket.send(JSON.stringify(message))
  }

  /** Tells a refusal. A final one ends the socket. */
  refuse(error: NestriError, { final, closeCode }: { final: boolean; closeCode?: number }): void {
    if (this.#closed) return
    this.#options.onRefused(error)
    const { code, message, hint } = error
    this.send({ type: 'error', code, message, hint, final } as unknown as Out)
    if (final || closeCode !== undefined) this.close(closeCode ?? CLOSE.refused, code, message)
  }

  /** Closes in order; the peer has a second to answer before the connection is cut. `words` say why to those who stay. */
  close(code: number, reason: string, words: string = reason): void {
    if (this.#closed) return
    this.#reason = words
    this.#socket.close(code, reason.slice(0, 100))
    const cut = setTimeout(() => this.#socket.terminate(), 1_000)
    cut.unref()
    this.#onClose()
  }

  /** Cuts the connection. */
  drop(reason: string): void {
    if (this.#closed) return
    this.#reason = reason
    this.#socket.terminate()
    this.#onClose()
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#closed) return
    this.#heardAtMs = performance.now()
    const bucket = takeToken(this.#bucket, RATE, this.#heardAtMs)
    if (bucket === undefined) throw new NestriError('ERR_RATE', { limit: MESSAGES_PER_SECOND })
    this.#bucket = bucket
    if (isBinary || !Buffer.isBuffer(data)) throw new NestriError('ERR_MESSAGE_FORMAT', { detail: 'it is not text' })
    if (data.length > MAX_MESSAGE_BYTES) {
      throw new NestriError('ERR_MESSAGE_SIZE', { size: data.length, limit: MAX_MESSAGE_BYTES })
    }
    const message = parseMessage(this.#options.schema, data.toString('utf8'))
    this.#greeted = true
    this.#options.onMessage(message)
  }

  #onHelloTimeout(): void {
    if (this.#greeted) return
    this.refuse(new NestriError('ERR_HELLO_TIMEOUT', { seconds: HELLO_TIMEOUT_MS / 1_000 }), { final: true })
  }

  #beat(): void {
    if (this.#closed) return
    if (performance.now() - this.#heardAtMs > this.#options.silenceMs) {
      this.drop('nothing was heard of it')
      return
    }
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#options.onClosed(this.#reason)
  }

  /** Whatever a handler throws ends at this peer, never at the relay. */
  #guard(handle: () => void): void {
    try {
      handle()
    } catch (error) {
      if (error instanceof NestriError) {
        this.refuse(error, { final: true })
        return
      }
      this.#options.log.error({ err: error }, 'message could not be handled')
      this.refuse(new NestriError('ERR_INTERNAL'), { final: true })
    }
  }
}
