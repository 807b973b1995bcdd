// SPDX-License-Identifier: Apache-2.0
// Cuts a byte stream into lines of a bounded length. A longer line is told once and skipped to its end, so that neither
// memory nor the reader's place in the stream is lost.

/** One line, or the news that one was too long. */
export type Line = { text: string } | { tooLong: true }

export class LineSplitter {
  readonly #maxBytes: number
  #rest: Buffer = Buffer.alloc(0)
  #skipping = false

  /** @param maxBytes longest line without its end */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The lines that this chunk completes. Empty lines are left out. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
      const line = data.subarray(0, end)
      data = data.subarray(end + 1)
      if (this.#skipping) this.#skipping = false
      else if (line.length > this.#maxBytes) lines.push({ tooLong: true })
      else if (line.toString('utf8').trim() !== '') lines.push({ text: line.toString('utf8') })
    }
    if (data.length > this.#maxBytes) {
      if (!this.#skipping) lines.push({ tooLong: true })
      this.#skipping = true
    }
    this.#rest = this.#skipping ? Buffer.alloc(0) : Buffer.from(data)
    return lines
  }
}
