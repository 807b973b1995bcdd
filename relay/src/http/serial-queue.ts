// SPDX-License-Identifier: Apache-2.0
// Runs asynchronous steps one after another, so that the messages of one socket take effect in their order. A failing
// step is handed to the owner; it never becomes an unhandled rejection.

/** Steps that may wait: a peer that sends faster than we work is told off by its rate limit long before. */
const MAX_WAITING = 256

export class SerialQueue {
  readonly #onError: (error: unknown) => void
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0
  #closed = false

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Appends a step. False = the queue is closed or full and the step will not run. */
  add(step: () => Promise<void> | void): boolean {
    if (this.#closed || this.#waiting >= MAX_WAITING) return false
    this.#waiting++
    this.#tail = this.#tail.then(async () => {
      this.#waiting--
      if (this.#closed) return
      try {
        await step()
      } catch (error) {
        if (!this.#closed) this.#onError(error)
      }
    })
    return true
  }

  /** Drops what waits; the step that runs now goes on. */
  close(): void {
    this.#closed = true
  }
}
