// SPDX-License-Identifier: Apache-2.0
// Keeps a path for media: applies offers in order, lets a new connection take over from the old one only when its first
// picture is there (make before break), and asks the relay for another when the path is lost.

import type { FrameEcho, ViewerMessage } from '@nestri/protocol'
import { MediaConnection, type Offer } from './media.ts'
import type { MediaState } from './screens.ts'

/** ICE and DTLS take well under a second on a path that works; the relay gives up after 15 s. */
const CONNECT_TIMEOUT_MS = 8_000
/** `disconnected` often heals by itself; a player should not wait for the browser's own verdict (15 s and more). */
const DISCONNECTED_GRACE_MS = 2_000
/** Pauses before the relay is asked for another connection, by number of failures in a row. */
const RESTART_PAUSES_MS: readonly number[] = [0, 2_000, 5_000, 10_000, 15_000]
/** From this many failures in a row on, the page says that there is no path; from the first on where there never was one. */
const NO_PATH_FAILURES = 2

export interface MediaPathHandlers {
  /** Tracks of a connection; the caller shows them and calls `promote` with it at their first picture. */
  onTracks(connection: MediaConnection, video: MediaStreamTrack | undefined, audio: MediaStreamTrack | undefined): void
  onState(state: MediaState): void
  onEcho(echo: FrameEcho, atMs: number): void
  /** Whether input can be sent changed; false means that everything held must count as released. */
  onInputChannels(open: boolean): void
}

export interface MediaPathOptions {
  /** Whether the relay welcomed us as a player. */
  player: () => boolean
  send: (message: ViewerMessage) => boolean
  handlers: MediaPathHandlers
}

/** The page's media connections: one in use, and at times a newer one that takes over. */
export class MediaPath {
  readonly #options: MediaPathOptions
  /** Its picture is shown. */
  #current: MediaConnection | undefined
  /** Newer, and without a picture yet. */
  #next: MediaConnection | undefined
  #queue: Promise<void> = Promise.resolve()
  #state: MediaState = { kind: 'none' }
  #failures = 0
  #everConnected = false
  #deadline: ReturnType<typeof setTimeout> | undefined
  #restart: ReturnType<typeof setTimeout> | undefined

  constructor(options: MediaPathOptions) {
    this.#options = options
  }

  get state(): MediaState {
    return this.#state
  }

  /** The connection whose picture is shown, or the first one on its way there. */
  get connection(): MediaConnection | undefined {
    return this.#current ?? this.#next
  }

  /** The newest connection that can carry input. */
  get inputConnection(): MediaConnection | undefined {
    return [this.#next, this.#current].find((connection) => connection?.inputOpen === true)
  }

  /** Takes an offer; offers are applied one after the other. */
  handleOffer(offer: Offer): void {
    this.#queue = this.#queue.then(() => this.#apply(offer))
  }

  /** The relay welcomed us (again) and will offer a new connection if there is something to see. */
  rejoined(): void {
    clearTimeout(this.#deadline)
    clearTimeout(this.#restart)
    this.#failures = 0
  }

  /** The first picture of `connection` is shown: it takes over, an older one is closed. */
  promote(connection: MediaConnection): void {
    if (this.#next !== connection) return
    this.#current?.close()
    this.#current = connection
    this.#next = undefined
  }

  /** Asks the relay for a new connection at once, e.g. because no picture comes or the user wants it. */
  restart(reason: string): void {
    clearTimeout(this.#restart)
    this.#options.send({ type: 'restart', reason: reason.slice(0, 500) })
    if (this.#state.kind === 'no-path') this.#setState({ kind: 'connecting' })
  }

  /** Closes everything: the room ended or the relay refused us. */
  close(): void {
    clearTimeout(this.#deadline)
    clearTimeout(this.#restart)
    this.#next?.close()
    this.#current?.close()
    this.#next = undefined
    this.#current = undefined
    this.#setState({ kind: 'none' })
  }

  /** The relay gave up on the path, or the browser did. */
  fail(reason: string): void {
    clearTimeout(this.#deadline)
    if (this.#state.kind === 'undecodable') return
    this.#failures = Math.max(this.#failures + 1, this.#everConnected ? 0 : NO_PATH_FAILURES)
    const pauseMs = RESTART_PAUSES_MS[Math.min(this.#failures, RESTART_PAUSES_MS.length) - 1] ?? 0
    const untilMs = performance.now() + pauseMs
    this.#setState(this.#failures >= NO_PATH_FAILURES ? { kind: 'no-path', untilMs } : { kind: 'connecting' })
    clearTimeout(this.#restart)
    this.#restart = setTimeout(() => this.restart(reason), pauseMs)
  }

  /** The relay or the browser says that the codec cannot be decoded here. */
  undecodable(codec: string): void {
    clearTimeout(this.#deadline)
    this.#setState({ kind: 'undecodable', codec })
  }

  async #apply(offer: Offer): Promise<void> {
    const newest = this.#next ?? this.#current
    const fresh = offer.fresh || newest === undefined
    const connection = fresh ? this.#begin() : newest
    try {
      const answered = await connection.answer(offer)
      // Left without an answer the relay lets the offer lapse, and offers again when the room's codec has changed.
      if ('refusedCodec' in answered) this.undecodable(answered.refusedCodec)
      else this.#options.send({ type: 'answer', negotiation: offer.negotiation, sdp: answered.sdp })
    } catch (error) {
      console.warn('offer not applied', error)
      if (this.#isNewest(connection)) this.fail(`the offer could not be applied: ${String(error)}`)
    }
  }

  #begin(): MediaConnection {
    const { handlers, player } = this.#options
    const connection: MediaConnection = new MediaConnection({
      player: player(),
      handlers: {
        onTracks: (video, audio) => {
          if (this.#isNewest(connection)) handlers.onTracks(connection, video, audio)
        },
        onPath: (state) => {
          if (this.#isNewest(connection)) this.#onPath(connection, state)
        },
        onEcho: (echo, atMs) => handlers.onEcho(echo, atMs),
        onInputChannels: () => handlers.onInputChannels(this.inputConnection !== undefined),
      },
    })
    this.#next?.close()
    this.#next = connection
    this.#setState({ kind: 'connecting' })
    clearTimeout(this.#restart)
    this.#await(CONNECT_TIMEOUT_MS, 'no connection to the media ports')
    return connection
  }

  #onPath(connection: MediaConnection, state: RTCPeerConnectionState): void {
    switch (state) {
      case 'connected':
        clearTimeout(this.#deadline)
        this.#failures = 0
        this.#everConnected = true
        if (this.#state.kind !== 'undecodable') this.#setState({ kind: 'connected' })
        // Without video there is no first picture to wait for.
        if (connection.videoTrack === undefined) this.promote(connection)
        return
      case 'disconnected':
        this.#await(DISCONNECTED_GRACE_MS, 'the media connection was lost')
        return
      case 'failed':
        this.fail('the media connection failed')
        return
      case 'new':
      case 'connecting':
      case 'closed':
    }
  }

  #await(ms: number, reason: string): void {
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.fail(reason), ms)
  }

  #isNewest(connection: MediaConnection): boolean {
    return connection === (this.#next ?? this.#current)
  }

  #setState(state: MediaState): void {
    this.#state = state
    this.#options.handlers.onState(state)
  }
}
