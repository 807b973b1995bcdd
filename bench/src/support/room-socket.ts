// SPDX-License-Identifier: Apache-2.0
// A relay's WebSocket from the outside: typed messages in order, one reader.

import { once } from 'node:events'
import { withDeadline } from '@nestri/runtime'
import { WebSocket } from 'ws'

/** Longest wait for a message. */
const MESSAGE_MS = 20_000

export class RoomSocket<Out, In extends { type: string }> implements AsyncDisposable {
  readonly #socket: WebSocket
  readonly #waiting: In[] = []
  #arrived: () => void = () => undefined

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      this.#waiting.push(JSON.parse(data.toString('utf8')) as In)
      this.#arrived()
    })
    socket.on('close', () => this.#arrived())
    socket.on('error', () => this.#arrived())
  }

  static async open<Out, In extends { type: string }>(url: string): Promise<RoomSocket<Out, In>> {
    const socket = new WebSocket(url)
    const room = new RoomSocket<Out, In>(socket)
    await withDeadline(once(socket, 'open'), MESSAGE_MS, `a socket to ${url}`)
    return room
  }

  send(message: Out): void {
    this.#socket.send(JSON.stringify(message))
  }

  /**
   * The next message of a type; what comes before it is dropped.
   * @throws {Error} on an error message, a closed socket, or when nothing comes in time
   */
  async next<T extends In['type']>(type: T): Promise<Extract<In, { type: T }>> {
    return await withDeadline(this.#next(type), MESSAGE_MS, `the message ${type}`)
  }

  async #next<T extends In['type']>(type: T): Promise<Extract<In, { type: T }>> {
    for (;;) {
      const message = this.#waiting.shift()
      if (message?.type === type) return message as Extract<In, { type: T }>
      if (message?.type === 'error') throw new Error(`the relay refused: ${JSON.stringify(message)}`)
      if (message !== undefined) continue
      if (this.#socket.readyState !== WebSocket.OPEN) throw new Error(`the relay closed the socket before ${type}`)
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return
    const closed = once(this.#socket, 'close')
    this.#socket.terminate()
    await closed
  }
}
