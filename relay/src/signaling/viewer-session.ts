// SPDX-License-Identifier: Apache-2.0
// One viewer on `WS /signal`: admits it, negotiates media with it whenever the room's media changes, and carries its
// seat requests to the room. All steps of a session run one after another.

import {
  CONNECT_TIMEOUT_MS,
  NestriError,
  SIGNALING_VERSION,
  VIEWER_PING_MS,
  VIEWER_SILENCE_MS,
  viewerMessage,
} from '@nestri/protocol'
import type { RelayToViewer, ViewerMessage } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import type { WebSocket } from 'ws'
import type { Admission, ViewerGrant } from '../auth/admission.ts'
import type { KeyFolder } from '../auth/key-folder.ts'
import { signResume } from '../auth/tokens.ts'
import { CLOSE, MessageSocket } from '../http/message-socket.ts'
import { SerialQueue } from '../http/serial-queue.ts'
import type { RoomViewer } from '../rooms/peers.ts'
import type { RoomRegistry } from '../rooms/registry.ts'
import type { Room } from '../rooms/room.ts'
import type { Ingest } from '../sfu/ingest.ts'
import type { ViewerMedia } from '../sfu/viewer-media.ts'
import { readViewerAnswer, writeViewerOffer } from './viewer-offer.ts'
import type { ViewerSection } from './viewer-offer.ts'

/** Life of a resume token, and when it is replaced while the viewer is connected. */
const RESUME_SECONDS = 600
const RESUME_RENEW_MS = 240_000

export interface ViewerSessionDeps {
  admission: Admission
  keys: KeyFolder
  registry: RoomRegistry
  log: Logger
  onRefused: (code: string) => void
  /** Time from the socket's opening to connected media, in ms. */
  onJoined: (ms: number) => void
}

interface Joined {
  grant: ViewerGrant
  room: Room
  viewer: RoomViewer
}

export class ViewerSession {
  readonly #deps: ViewerSessionDeps
  readonly #socket: MessageSocket<typeof viewerMessage, RelayToViewer>
  readonly #queue: SerialQueue
  readonly #openedAtMs: number = performance.now()
  #greeted = false
  #joined: Joined | undefined
  #media: ViewerMedia | undefined
  #sections: ViewerSection[] = []
  #sessionId = '0'
  #version = 0
  #negotiation = 0
  /** The offer that waits for its answer. */
  #awaiting: number | undefined
  /** The room's media changed while an answer was awaited. */
  #stale = false
  #timers: { answer?: NodeJS.Timeout; resume?: NodeJS.Timeout } = {}

  constructor(socket: WebSocket, deps: ViewerSessionDeps) {
    this.#deps = deps
    this.#queue = new SerialQueue((error) => this.#onError(error))
    this.#socket = new MessageSocket(socket, {
      schema: viewerMessage,
      pingMs: VIEWER_PING_MS,
      silenceMs: VIEWER_SILENCE_MS,
      log: deps.log,
      onMessage: (message) => this.#onMessage(message),
      onClosed: () => this.#onClosed(),
      onRefused: ({ code }) => deps.onRefused(code),
    })
  }

  /** Ends the connection because the relay goes; the viewer comes back by itself. */
  close(error: NestriError, closeCode: number): void {
    this.#socket.refuse(error, { final: false, closeCode })
  }

  #onMessage(message: ViewerMessage): void {
    if (message.type === 'ping') {
      this.#socket.send({ type: 'pong', at: message.at })
      return
    }
    if ((message.type === 'hello') === this.#greeted) {
      throw new NestriError('ERR_MESSAGE_ORDER', { type: message.type })
    }
    this.#greeted = true
    if (!this.#queue.add(() => this.#handle(message))) throw new NestriError('ERR_RATE', { limit: 'fewer' })
  }

  async #handle(message: Exclude<ViewerMessage, { type: 'ping' }>): Promise<void> {
    switch (message.type) {
      case 'hello':
        return await this.#hello(message)
      case 'answer':
        return await this.#answer(message)
      case 'restart':
        this.#deps.log.info({ viewer: this.#joined?.viewer.id, reason: message.reason }, 'viewer restarts its media')
        this.#dropMedia()
        return await this.#negotiate()
      default:
        this.#seat(message)
    }
  }

  async #hello(hello: Extract<ViewerMessage, { type: 'hello' }>): Promise<void> {
    if (hello.version !== SIGNALING_VERSION) {
      throw new NestriError('ERR_PROTOCOL_VERSION', { version: hello.version, supported: SIGNALING_VERSION })
    }
    const grant = await this.#deps.admission.viewer(hello)
    if (this.#socket.closed) return
    const viewer = this.#asRoomViewer(grant)
    // `welcome` comes first; what the room sends while it takes the viewer in waits for it.
    const early: RelayToViewer[] = []
    let welcomed = false
    const roomViewer: RoomViewer = {
      ...viewer,
      send: (message) => void (welcomed ? viewer.send(message) : early.push(message)),
    }
    const room = this.#deps.registry.join(roomViewer, grant)
    this.#joined = { grant, room, viewer: roomViewer }
    const resume = await this.#resumeToken()
    if (this.#socket.closed) return
    const { room: name, role } = grant
    this.#socket.send({ type: 'welcome', version: SIGNALING_VERSION, room: name, viewer: viewer.id, role, resume })
    welcomed = true
    for (const message of early) this.#socket.send(message)
    this.#timers.resume = setInterval(() => this.#queue.add(() => this.#renewResume()), RESUME_RENEW_MS)
    await this.#negotiate()
  }

  #asRoomViewer({ viewer, role }: ViewerGrant): RoomViewer {
    return {
      id: viewer,
      role,
      send: (message) => this.#socket.send(message),
      mediaChanged: () => void this.#queue.add(() => this.#negotiate()),
      seatChanged: (seat) => void this.#queue.add(() => this.#seatChanged(seat)),
      end: (error) => this.#socket.refuse(error, { final: true }),
    }
  }

  #seat(message: Extract<ViewerMessage, { type: 'seat-ask' | 'seat-grant' | 'seat-release' }>): void {
    if (this.#joined === undefined) return
    const { room, viewer } = this.#joined
    try {
      room.seatAction(viewer, message)
    } catch (error) {
      if (!(error instanceof NestriError)) throw error
      this.#socket.refuse(error, { final: false })
    }
  }

  async #seatChanged(seat: number | undefined): Promise<void> {
    await this.#media?.setSeated(seat !== undefined)
    await this.#renewResume()
  }

  async #renewResume(): Promise<void> {
    if (this.#joined === undefined) return
    this.#socket.send({ type: 'resume-token', resume: await this.#resumeToken() })
  }

  async #resumeToken(): Promise<string> {
    if (this.#joined === undefined) throw new Error('no viewer has joined')
    const { grant, room } = this.#joined
    const seat = room.seatOf(grant.viewer)
    return await signResume(this.#deps.keys, {
      use: 'resume',
      room: grant.room,
      role: grant.role,
      generation: grant.generation,
      viewer: grant.viewer,
      ...(seat === undefined ? {} : { seat }),
      exp: Math.floor(Date.now() / 1_000) + RESUME_SECONDS,
    })
  }

  /** Offers what the room sends at the moment; on a new transport where there is none. */
  async #negotiate(): Promise<void> {
    const ingest = this.#joined?.room.media.ingest
    if (this.#joined === undefined || ingest === undefined || ingest.closed || this.#socket.closed) return
    if (this.#awaiting !== undefined && this.#media?.closed === false) {
      this.#stale = true
      return
    }
    const fresh = this.#media === undefined || this.#media.closed
    if (fresh) await this.#openMedia(this.#joined)
    const media = this.#media
    if (media === undefined || media.attached === ingest) return
    if (await attach(media, ingest)) this.#offer(media, fresh)
  }

  async #openMedia({ room, viewer }: Joined): Promise<void> {
    const media = await room.media.openViewer(viewer.role, room.range.maxKbps)
    if (this.#socket.closed) {
      media.close()
      return
    }
    this.#media = media
    this.#sections = []
    this.#sessionId = String(Date.now())
    this.#version = 0
    await media.setSeated(room.seatOf(viewer.id) !== undefined)
    room.linkInput(viewer, media)
    media.onEnd((reason) => this.#queue.add(() => this.#onMediaLost(media, reason)))
    media.onConnected(() => {
      clearTimeout(this.#timers.answer)
      this.#deps.onJoined(performance.now() - this.#openedAtMs)
    })
  }

  #offer(media: ViewerMedia, fresh: boolean): void {
    this.#sections = nextSections(this.#sections, media)
    this.#negotiation++
    this.#version++
    this.#awaiting = this.#negotiation
    const { description: transport } = media
    const sdp = writeViewerOffer({
      sessionId: this.#sessionId,
      version: this.#version,
      transport,
      sections: this.#sections,
    })
    const echoStreamId = media.echo?.sctpStreamParameters?.streamId ?? null
    this.#socket.send({ type: 'offer', negotiation: this.#negotiation, fresh, sdp, echoStreamId })
    clearTimeout(this.#timers.answer)
    this.#timers.answer = setTimeout(() => this.#onConnectTimeout(media), CONNECT_TIMEOUT_MS)
  }

  async #answer({ negotiation, sdp }: Extract<ViewerMessage, { type: 'answer' }>): Promise<void> {
    const media = this.#media
    // An answer to an offer that a newer one replaced is late, not wrong.
    if (negotiation !== this.#awaiting || media === undefined || media.closed) return
    this.#awaiting = undefined
    if (media.connected) clearTimeout(this.#timers.answer)
    await media.accept(readViewerAnswer(sdp, this.#sections))
    if (!this.#stale) return
    this.#stale = false
    await this.#negotiate()
  }

  async #onMediaLost(media: ViewerMedia, reason: string): Promise<void> {
    if (this.#media !== media) return
    this.#deps.log.info({ viewer: this.#joined?.viewer.id, reason }, 'media of a viewer lost')
    this.#dropMedia()
    await this.#negotiate()
  }

  #onConnectTimeout(media: ViewerMedia): void {
    if (this.#media !== media) return
    this.#dropMedia()
    this.#socket.refuse(new NestriError('ERR_CONNECT_TIMEOUT', { seconds: CONNECT_TIMEOUT_MS / 1_000 }), {
      final: false,
    })
  }

  #dropMedia(): void {
    clearTimeout(this.#timers.answer)
    this.#media?.close()
    this.#media = undefined
    this.#awaiting = undefined
    this.#stale = false
  }

  #onError(error: unknown): void {
    if (error instanceof NestriError) {
      this.#socket.refuse(error, { final: true })
      return
    }
    // A worker that died under a step is no fault of ours: its transports say so and the viewer starts over.
    if (this.#media?.closed === true) return
    this.#deps.log.error({ err: error, viewer: this.#joined?.viewer.id }, 'step of a viewer failed')
    this.#socket.refuse(new NestriError('ERR_INTERNAL'), { final: false, closeCode: CLOSE.tryAgain })
  }

  #onClosed(): void {
    this.#queue.close()
    clearInterval(this.#timers.resume)
    this.#dropMedia()
    if (this.#joined !== undefined) this.#joined.room.leave(this.#joined.viewer)
  }
}

/** Consumes `ingest`. False = it ended meanwhile; the room has said so already, and that step waits in the queue. */
async function attach(media: ViewerMedia, ingest: Ingest): Promise<boolean> {
  try {
    await media.attach(ingest)
    return true
  } catch (error) {
    if (ingest.closed || media.closed) return false
    throw error
  }
}

/** Sections of the next offer: known ones keep their place, new ones follow (RFC 9429 §5.2.2). */
function nextSections(known: readonly ViewerSection[], media: ViewerMedia): ViewerSection[] {
  const current = media.sent.map(({ kind, mid, parameters, consumer }): ViewerSection => {
    return { use: 'media', kind, mid, parameters, active: consumer !== undefined }
  })
  if (media.player) current.push({ use: 'data', mid: 'data' })
  const kept = known.map((section) => current.find(({ mid }) => mid === section.mid) ?? section)
  return [...kept, ...current.filter(({ mid }) => !known.some((section) => section.mid === mid))]
}
