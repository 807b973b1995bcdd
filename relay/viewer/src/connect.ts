// SPDX-License-Identifier: Apache-2.0
// The signalling socket of a page: dials, says hello, keeps the resume token, notices a dead line and dials again. What
// to do when is decided by connection.ts; this file owns the WebSocket and the timers.

import {
  NestriError,
  parseMessage,
  type RelayToViewer,
  relayToViewer,
  SIGNALING_VERSION,
  type ViewerMessage,
} from '@nestri/protocol'
import {
  type Connection,
  type ConnectionEffect,
  type ConnectionEvent,
  firstDial,
  nextConnection,
  type Refusal,
} from './connection.ts'
import type { Link } from './link.ts'

/** A dial that has not been welcomed by then is given up. */
const WELCOME_TIMEOUT_MS = 8_000
/** The page's own heartbeat; a line on which this many answers are missing is dead even if TCP does not know it yet. */
const PING_MS = 2_000
const MISSED_PONGS = 3

export interface SignalHandlers {
  /** A message other than `pong`, valid by its schema. */
  onMessage(message: RelayToViewer): void
  onConnection(connection: Connection): void
  /** A request of ours was refused; the connection stays. */
  onNotice(refusal: Refusal): void
}

/** One page's connection to the relay, over as many sockets as it takes. */
export class SignalLink {
  readonly #link: Link & { room: string }
  readonly #handlers: SignalHandlers
  readonly #resumeKey: string
  #state: Connection
  #resume: string | undefined
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #heartbeat: ReturnType<typeof setInterval> | undefined
  #missed = 0
  #rttMs: number | undefined

  constructor(link: Link & { room: string }, handlers: SignalHandlers) {
    this.#link = link
    this.#handlers = handlers
    this.#resumeKey = `nestri:resume:${link.room}`
    this.#resume = stored(this.#resumeKey)
    this.#state = firstDial(this.#resume !== undefined)
  }

  get connection(): Connection {
    return this.#state
  }

  /** Round trip of the signalling socket, milliseconds. */
  get rttMs(): number | undefined {
    return this.#rttMs
  }

  /** Starts dialling; call once. */
  start(): void {
    this.#dial()
    addEventListener('online', () => this.dialNow())
    addEventListener('pageshow', (event) => {
      // The browser brought the page back from its cache: its socket is long gone.
      if (event.persisted) this.#lost()
    })
    addEventListener('pagehide', () => this.#drop())
  }

  /** Dials at once where a pause or a refusal would have waited. */
  dialNow(): void {
    this.#step({ type: 'dial', canResume: this.#resume !== undefined })
  }

  /** Sends a message; false while there is no joined connection. */
  send(message: ViewerMessage): boolean {
    if (this.#state.kind !== 'joined' || this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(message))
    return true
  }

  #dial(): void {
    this.#drop()
    const socket = new WebSocket(signalUrl())
    this.#socket = socket
    this.#timer = setTimeout(() => this.#lost(), WELCOME_TIMEOUT_MS)
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()))
    socket.onmessage = (event) => this.#receive(event.data)
    socket.onclose = () => this.#lost()
  }

  #hello(): ViewerMessage {
    const { room, token, role } = this.#link
    const resume = this.#state.kind === 'dialing' && this.#state.resume ? this.#resume : undefined
    return {
      type: 'hello',
      version: SIGNALING_VERSION,
      room,
      ...(token === undefined ? {} : { token }),
      ...(resume === undefined ? {} : { resume }),
      ...(role === undefined ? {} : { role }),
    }
  }

  #receive(data: unknown): void {
    const message = typeof data === 'string' ? parse(data) : undefined
    if (message === undefined) return
    switch (message.type) {
      case 'pong':
        this.#missed = 0
        this.#rttMs = performance.now() - message.at
        return
      case 'welcome':
        this.#keepResume(message.resume)
        clearTimeout(this.#timer)
        this.#step({ type: 'welcome', nowMs: performance.now() })
        this.#startHeartbeat()
        break
      case 'resume-token':
        this.#keepResume(message.resume)
        return
      case 'error':
        if (!message.final && this.#state.kind === 'joined') this.#handlers.onNotice(message)
        this.#step({ type: 'error', refusal: pick(message), final: message.final })
        return
      default:
        break
    }
    this.#handlers.onMessage(message)
    if (message.type === 'room-state' && message.state === 'ended') this.#step({ type: 'ended' })
  }

  #startHeartbeat(): void {
    this.#missed = 0
    clearInterval(this.#heartbeat)
    this.#heartbeat = setInterval(() => {
      if (this.#missed >= MISSED_PONGS) {
        this.#lost()
        return
      }
      this.#missed += 1
      this.send({ type: 'ping', at: performance.now() })
    }, PING_MS)
  }

  #lost(): void {
    this.#drop()
    const canResume = this.#resume !== undefined
    this.#step({ type: 'closed', nowMs: performance.now(), jitter: Math.random(), canResume })
  }

  #step(event: ConnectionEvent): void {
    const { next, effect } = nextConnection(this.#state, event)
    if (next === this.#state && effect === 'none') return
    this.#state = next
    this.#run(effect)
    this.#handlers.onConnection(this.#state)
  }

  #run(effect: ConnectionEffect): void {
    switch (effect) {
      case 'none':
        return
      case 'forget-and-dial':
        this.#keepResume(undefined)
        this.#dial()
        return
      case 'dial':
        this.#dial()
        return
      case 'close':
        this.#drop()
        return
      case 'wait':
        if (this.#state.kind === 'waiting') {
          this.#timer = setTimeout(() => this.dialNow(), this.#state.untilMs - performance.now())
        }
    }
  }

  /** Lets go of the socket without waiting for its closing handshake: on a dead line it would never end. */
  #drop(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#heartbeat)
    const socket = this.#socket
    this.#socket = undefined
    if (socket === undefined) return
    socket.onopen = null
    socket.onmessage = null
    socket.onclose = null
    socket.close()
  }

  #keepResume(resume: string | undefined): void {
    this.#resume = resume
    try {
      if (resume === undefined) sessionStorage.removeItem(this.#resumeKey)
      else sessionStorage.setItem(this.#resumeKey, resume)
    } catch {
      // Storage is switched off: the seat survives a lost connection, only not a reload.
    }
  }
}

function signalUrl(): URL {
  const url = new URL('signal', document.baseURI)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.search = ''
  url.hash = ''
  return url
}

function parse(data: string): RelayToViewer | undefined {
  try {
    return parseMessage(relayToViewer, data)
  } catch (error) {
    // A newer relay may say things that this page does not know; they are no reason to stop playing.
    console.warn('message not understood', error instanceof NestriError ? error.message : error)
    return undefined
  }
}

function stored(key: string): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

function pick(refusal: Refusal): Refusal {
  return { code: refusal.code, message: refusal.message, hint: refusal.hint }
}
