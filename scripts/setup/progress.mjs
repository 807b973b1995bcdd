// SPDX-License-Identifier: Apache-2.0
// Shows what a long step is doing and for how long: one line that lives on a terminal, sparse lines in a log.

const REDRAW_MS = 200
/** In a log a line this often says that the step is alive. */
const SPARSE_MS = 30_000

/** `75000` as `1:15`. */
export function duration(ms) {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** Progress of one step after the other on one stream. */
export class Progress {
  #out
  #timer
  #title = ''
  #detail = ''
  #startedMs = 0

  /** @param {NodeJS.WriteStream} out */
  constructor(out = process.stderr) {
    this.#out = out
  }

  /** Begins a step. */
  start(title) {
    this.#title = title
    this.#detail = ''
    this.#startedMs = Date.now()
    if (!this.#out.isTTY) this.#out.write(`${title} ...\n`)
    this.#timer = setInterval(() => this.#draw(), this.#out.isTTY ? REDRAW_MS : SPARSE_MS)
    this.#timer.unref()
  }

  /** Says what the step is doing now. */
  update(detail) {
    this.#detail = detail
  }

  /** Prints a line that stays. */
  note(text) {
    this.#clear()
    this.#out.write(`    ${text}\n`)
  }

  /** Ends the step with a word on how. */
  end(result) {
    clearInterval(this.#timer)
    this.#clear()
    this.#out.write(`${this.#title}: ${result} in ${duration(Date.now() - this.#startedMs)}\n`)
  }

  #clear() {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K')
  }

  #draw() {
    const elapsed = duration(Date.now() - this.#startedMs)
    const detail = this.#detail === '' ? '' : `: ${this.#detail}`
    if (!this.#out.isTTY) {
      this.#out.write(`    ${elapsed}${detail}\n`)
      return
    }
    const line = `${this.#title} ${elapsed}${detail}`
    this.#out.write(`\r\u001b[K${line.slice(0, Math.max(20, (this.#out.columns || 80) - 1))}`)
  }
}
