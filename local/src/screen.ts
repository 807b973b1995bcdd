// SPDX-License-Identifier: Apache-2.0
// What the user reads: the start with its times, the links, and one short line per thing that happens afterwards.

export interface ScreenOptions {
  write: (text: string) => void
  colour: boolean
  /** Monotonic milliseconds. */
  now: () => number
  /** Wall clock as text, e.g. `12:03:04`. */
  clock: () => string
}

export class Screen {
  readonly #options: ScreenOptions
  readonly #startedAtMs: number
  #running = false

  constructor(options: ScreenOptions) {
    this.#options = options
    this.#startedAtMs = options.now()
  }

  /** One step of the start, with the time since the start. */
  step(text: string): void {
    const seconds = ((this.#options.now() - this.#startedAtMs) / 1000).toFixed(1)
    this.line(`  ${seconds.padStart(5)} s  ${text}`)
  }

  /** Something that happened: with the time of day once the room runs, as a step of the start before. */
  status(text: string): void {
    if (this.#running) this.line(`${this.#options.clock()}  ${text}`)
    else this.step(text)
  }

  /** The links; what follows are events of a running room. */
  links({ player, spectator, notes }: { player: string[]; spectator: string[]; notes: string[] }): void {
    const block = (title: string, links: string[]): string[] =>
      links.map((link, i) => `  ${(i === 0 ? title : '').padEnd(12)}${this.#bold(link)}`)
    this.line('')
    for (const line of [...block('Play', player), ...block('Watch', spectator)]) this.line(line)
    this.line('')
    for (const note of notes) this.line(note)
    this.#running = true
  }

  line(text: string): void {
    this.#options.write(`${text}\n`)
  }

  #bold(text: string): string {
    return this.#options.colour ? `\u001b[1m${text}\u001b[0m` : text
  }
}
