// SPDX-License-Identifier: Apache-2.0
// A viewer without a browser: speaks `WS /signal`, answers with libdatachannel, decrypts and counts packets.

import {
  INPUT_STREAM_ID,
  MOTION_LIFETIME_MS,
  MOTION_STREAM_ID,
  parseMessage,
  relayToViewer,
  SIGNALING_VERSION,
} from '@nestri/protocol'
import type { RelayToViewer, ViewerMessage } from '@nestri/protocol'
import { waitFor } from '@nestri/runtime'
import { PeerConnection, RtcpReceivingSession } from 'node-datachannel'
import type { DataChannel, Track } from 'node-datachannel'
import { WebSocket } from 'ws'
import './data-channel.ts'
import { beginsVp8KeyFrame, parseRtp } from './rtp.ts'
import type { RtpHeader } from './rtp.ts'

export interface ViewerOptions {
  url: string
  room: string
  token?: string
  resume?: string
  role?: 'player' | 'spectator'
  /** Rewrites each offer, e.g. to lead the media through a proxy. */
  mapOffer?: (sdp: string) => string
  onVideo?: (packet: RtpHeader) => void
}

export class TestViewer implements Disposable {
  readonly messages: RelayToViewer[] = []
  readonly echoes: Uint8Array[] = []
  readonly socket: WebSocket
  readonly closed: Promise<number>
  videoPackets = 0
  audioPackets = 0
  keyFrames = 0
  withPlayoutDelay = 0
  withCaptureTime = 0
  /** Number of peer connections that were made. */
  connections = 0
  readonly #options: ViewerOptions
  #peer: PeerConnection | undefined
  #video: Track | undefined
  /** Tracks without a reference are collected and closed. */
  #tracks: Track[] = []
  #input: DataChannel | undefined
  #motion: DataChannel | undefined
  #offer = ''

  constructor(options: ViewerOptions) {
    this.#options = options
    this.socket = new WebSocket(`${options.url.replace(/^http/, 'ws')}/signal`, { rejectUnauthorized: false })
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)))
    this.socket.on('error', () => undefined)
    this.socket.on('open', () => {
      const { room, token, resume, role } = options
      const hello = { type: 'hello', version: SIGNALING_VERSION, room } as const
      this.send({
        ...hello,
        ...(token === undefined ? {} : { token }),
        ...(resume === undefined ? {} : { resume }),
        ...(role === undefined ? {} : { role }),
      })
    })
    this.socket.on('message', (data: Buffer) => {
      const message = parseMessage(relayToViewer, data.toString())
      this.messages.push(message)
      if (message.type === 'offer') this.#onOffer(message)
    })
  }

  send(message: ViewerMessage): void {
    this.socket.send(JSON.stringify(message))
  }

  /** The newest message of a type that satisfies `fits`. */
  async message<T extends RelayToViewer['type']>(
    type: T,
    fits: (message: Extract<RelayToViewer, { type: T }>) => boolean = () => true,
    deadlineMs = 5_000,
  ): Promise<Extract<RelayToViewer, { type: T }>> {
    type Wanted = Extract<RelayToViewer, { type: T }>
    const find = (): Wanted | undefined =>
      this.messages.findLast((message): message is Wanted => message.type === type && fits(message as Wanted))
    try {
      return (await waitFor(find, { what: `message ${type}`, deadlineMs, everyMs: 10 })) as Wanted
    } catch (error) {
      const seen = this.messages.map((message) => JSON.stringify({ ...message, sdp: undefined, resume: undefined }))
      throw new Error(`${String(error)}; got:\n${seen.join('\n')}`)
    }
  }

  /** Waits for `packets` more video packets. */
  async playing(packets = 10, deadlineMs = 8_000): Promise<void> {
    const from = this.videoPackets
    await waitFor(() => this.videoPackets >= from + packets, { what: 'video packets', deadlineMs, everyMs: 10 })
  }

  requestKeyFrame(): void {
    this.#video?.requestKeyframe()
  }

  /** Sends on the reliable or the motion channel; waits until it is open. */
  async input(channel: 'input' | 'motion', bytes: Uint8Array): Promise<void> {
    const open = (): DataChannel | undefined => {
      const found = channel === 'input' ? this.#input : this.#motion
      return found?.isOpen() === true ? found : undefined
    }
    const found = await waitFor(open, { what: `channel ${channel}`, deadlineMs: 5_000, everyMs: 10 })
    found.sendMessageBinary(bytes)
  }

  /** Ends the media connection without telling the relay over the socket. */
  dropMedia(): void {
    this.#peer?.close()
  }

  [Symbol.dispose](): void {
    this.#peer?.close()
    this.socket.terminate()
  }

  #onOffer({ sdp, fresh, negotiation, echoStreamId }: Extract<RelayToViewer, { type: 'offer' }>): void {
    this.#offer = this.#options.mapOffer?.(sdp) ?? sdp
    if (fresh || this.#peer === undefined) this.#open(negotiation, echoStreamId)
    const peer = this.#peer
    peer?.onLocalDescription((answer) => this.send({ type: 'answer', negotiation, sdp: answer }))
    peer?.setRemoteDescription(this.#offer, 'offer')
    peer?.setLocalDescription('answer')
  }

  #open(_negotiation: number, echoStreamId: number | null): void {
    this.#peer?.close()
    this.#tracks = []
    this.connections++
    const peer = new PeerConnection('viewer', { iceServers: [], disableAutoNegotiation: true })
    this.#peer = peer
    peer.onTrack((track) => this.#onTrack(track))
    if (!this.#offer.includes('m=application')) return
    this.#input = peer.createDataChannel('input', { negotiated: true, id: INPUT_STREAM_ID })
    this.#motion = peer.createDataChannel('motion', {
      negotiated: true,
      id: MOTION_STREAM_ID,
      unordered: true,
      maxPacketLifeTime: MOTION_LIFETIME_MS,
    })
    if (echoStreamId === null) return
    const echo = peer.createDataChannel('echo', { negotiated: true, id: echoStreamId })
    echo.onMessage((data) => this.echoes.push(typeof data === 'string' ? Buffer.from(data) : new Uint8Array(data)))
  }

  #onTrack(track: Track): void {
    this.#tracks.push(track)
    track.setMediaHandler(new RtcpReceivingSession())
    if (track.type() === 'video') this.#video = track
    const playoutDelay = this.#extension('playout-delay')
    const captureTime = this.#extension('abs-capture-time')
    track.onMessage((bytes) => {
      const packet = parseRtp(bytes)
      // Probes for bandwidth are made of padding and have their own payload type.
      if (packet === undefined || packet.payload.length < 3 || packet.payloadType === 127) return
      if (track.type() === 'audio') {
        this.audioPackets++
        return
      }
      this.videoPackets++
      if (packet.extensions.has(playoutDelay)) this.withPlayoutDelay++
      if (packet.extensions.has(captureTime)) this.withCaptureTime++
      if (beginsVp8KeyFrame(packet.payload)) this.keyFrames++
      this.#options.onVideo?.(packet)
    })
  }

  #extension(name: string): number {
    return Number(new RegExp(`a=extmap:(\\d+) \\S+${name}`).exec(this.#offer)?.[1] ?? -1)
  }
}
