// SPDX-License-Identifier: Apache-2.0
// A runner as the relay sees it: announces on `WS /runner`, offers with libdatachannel, sends a made-up VP8 stream at the
// bitrate that the relay asks for, and receives input on the negotiated channels that the relay names.

import {
  ECHO_STREAM_ID,
  HEADER_EXTENSIONS,
  INGEST_VERSION,
  parseMessage,
  relayToRunner,
  VIDEO_CODECS,
} from '@nestri/protocol'
import type { RelayToRunner, RunnerMessage } from '@nestri/protocol'
import { waitFor } from '@nestri/runtime'
import { Audio, PeerConnection, Video } from 'node-datachannel'
import type { DataChannel, Track } from 'node-datachannel'
import { WebSocket } from 'ws'
import './data-channel.ts'
import { buildRtp, countKeyFrameRequests, vp8Payload } from './rtp.ts'

const SSRC = 0x1234_5678
const AUDIO_SSRC = 0x2345_6789
const MTU = 1_100

export interface PublisherOptions {
  url: string
  room: string
  token?: string
  epoch?: number
  framerateFps?: number
  bitrate?: { minKbps: number; startKbps: number; maxKbps: number }
  /** Follow `target-bitrate` (default), or always send `startKbps`. */
  follow?: boolean
  audio?: boolean
}

export interface ReceivedInput {
  streamId: number
  viewer: string
  channel: string
  bytes: Uint8Array
}

export interface Publisher extends Disposable {
  messages: RelayToRunner[]
  inputs: ReceivedInput[]
  socket: WebSocket
  /** Bitrate that is sent now, in kbit/s. */
  bitrateKbps: number
  framesSent: number
  keyFramesSent: number
  /** PLI and FIR received. */
  keyFrameRequests: number
  send: (message: RunnerMessage) => void
  message: <T extends RelayToRunner['type']>(
    type: T,
    deadlineMs?: number,
  ) => Promise<Extract<RelayToRunner, { type: T }>>
  /** A new offer on a new connection. */
  offer: () => void
  /** Waits until media goes out. */
  flowing: () => Promise<void>
  /** Sends a frame echo. */
  echo: (bytes: Uint8Array) => void
  closed: Promise<number>
  /** Stops heartbeats, so that the relay hears nothing any more. */
  fallSilent: () => void
}

/** Announces a room and publishes it. */
export function startPublisher(options: PublisherOptions): Publisher {
  return new TestPublisher(options)
}

class TestPublisher implements Publisher {
  readonly messages: RelayToRunner[] = []
  readonly inputs: ReceivedInput[] = []
  readonly socket: WebSocket
  readonly closed: Promise<number>
  bitrateKbps: number
  framesSent = 0
  keyFramesSent = 0
  keyFrameRequests = 0
  readonly #options: PublisherOptions
  #peer: PeerConnection | undefined
  #video: Track | undefined
  #audio: Track | undefined
  #echo: DataChannel | undefined
  readonly #channels = new Map<number, DataChannel>()
  readonly #heartbeat: NodeJS.Timeout
  #media: NodeJS.Timeout | undefined
  #negotiation = 0
  #sequence = 0
  #audioSequence = 0
  #keyFrameWanted = true
  #owedBytes = 0

  constructor(options: PublisherOptions) {
    this.#options = options
    this.bitrateKbps = options.bitrate?.startKbps ?? 2_000
    this.socket = new WebSocket(`${options.url.replace(/^http/, 'ws')}/runner`, { rejectUnauthorized: false })
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)))
    this.socket.on('error', () => undefined)
    this.socket.on('open', () => this.#announce())
    this.socket.on('message', (data: Buffer) => this.#onMessage(parseMessage(relayToRunner, data.toString())))
    this.#heartbeat = setInterval(() => this.send({ type: 'heartbeat' }), 500)
  }

  send(message: RunnerMessage): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message))
  }

  async message<T extends RelayToRunner['type']>(
    type: T,
    deadlineMs = 5_000,
  ): Promise<Extract<RelayToRunner, { type: T }>> {
    const find = (): RelayToRunner | undefined => this.messages.findLast((message) => message.type === type)
    return (await waitFor(find, { what: `message ${type}`, deadlineMs, everyMs: 10 })) as Extract<
      RelayToRunner,
      { type: T }
    >
  }

  async flowing(): Promise<void> {
    await waitFor(() => this.framesSent > 0, { what: 'the first frame', deadlineMs: 10_000, everyMs: 10 })
  }

  echo(bytes: Uint8Array): void {
    this.#echo?.sendMessageBinary(bytes)
  }

  fallSilent(): void {
    clearInterval(this.#heartbeat)
  }

  offer(): void {
    this.#closePeer()
    const peer = new PeerConnection('publisher', { iceServers: [], disableAutoNegotiation: true })
    this.#peer = peer
    this.#video = peer.addTrack(videoSection())
    this.#video.onMessage((bytes) => {
      const requests = countKeyFrameRequests(bytes)
      this.keyFrameRequests += requests
      if (requests > 0) this.#keyFrameWanted = true
    })
    if (this.#options.audio === true) this.#audio = peer.addTrack(audioSection())
    this.#echo = peer.createDataChannel('echo', {
      negotiated: true,
      id: ECHO_STREAM_ID,
      unordered: true,
      maxRetransmits: 0,
    })
    const negotiation = ++this.#negotiation
    peer.onLocalDescription((sdp) => this.send({ type: 'offer', negotiation, sdp }))
    peer.onStateChange((state) => {
      if (state === 'connected' && this.#peer === peer) this.#startMedia()
    })
    peer.setLocalDescription('offer')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat)
    this.#closePeer()
    this.socket.terminate()
  }

  #announce(): void {
    const { room, token, epoch = 1, bitrate = { minKbps: 500, startKbps: 2_000, maxKbps: 2_000 } } = this.#options
    const announce = { type: 'announce', version: INGEST_VERSION, room, epoch, bitrate, encoder: null } as const
    this.send(token === undefined ? announce : { ...announce, token })
  }

  #onMessage(message: RelayToRunner): void {
    this.messages.push(message)
    if (message.type === 'admitted') this.offer()
    if (message.type === 'answer') this.#peer?.setRemoteDescription(message.sdp, 'answer')
    if (message.type === 'target-bitrate' && this.#options.follow !== false) this.bitrateKbps = message.bitrateKbps
    if (message.type === 'input-stream') this.#openChannel(message)
    if (message.type === 'input-stream-closed') {
      this.#channels.get(message.streamId)?.close()
      this.#channels.delete(message.streamId)
    }
  }

  #openChannel({ viewer, channel, streamId }: Extract<RelayToRunner, { type: 'input-stream' }>): void {
    const opened = this.#peer?.createDataChannel(channel, { negotiated: true, id: streamId })
    opened?.onMessage((data) => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : new Uint8Array(data)
      this.inputs.push({ streamId, viewer, channel, bytes })
    })
    if (opened !== undefined) this.#channels.set(streamId, opened)
  }

  #startMedia(): void {
    const fps = this.#options.framerateFps ?? 30
    const startedAtMs = performance.now()
    let frames = 0
    this.#keyFrameWanted = true
    clearInterval(this.#media)
    this.#media = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAtMs) / 1_000) * fps)
      for (; frames < due; frames++) this.#sendFrame(fps)
    }, 5)
  }

  #sendFrame(fps: number): void {
    if (this.#video?.isOpen() !== true) return
    this.#owedBytes += (this.bitrateKbps * 125) / fps
    const key = this.#keyFrameWanted
    this.#keyFrameWanted = false
    const timestamp = Math.round((this.framesSent * 90_000) / fps)
    const bytes = Math.max(100, this.#owedBytes)
    const packets = Math.ceil(bytes / MTU)
    for (let i = 0; i < packets; i++) {
      const payload = vp8Payload({ first: i === 0, key, bytes: bytes / packets })
      this.#owedBytes -= payload.length
      this.#video.sendMessageBinary(
        buildRtp({
          payloadType: VIDEO_CODECS.vp8.payloadType,
          sequence: this.#sequence++,
          timestamp,
          ssrc: SSRC,
          marker: i === packets - 1,
          extensions: [
            { id: HEADER_EXTENSIONS.playoutDelay.id, value: new Uint8Array(3) },
            { id: HEADER_EXTENSIONS.absCaptureTime.id, value: new Uint8Array(8) },
          ],
          payload,
        }),
      )
    }
    this.framesSent++
    if (key) this.keyFramesSent++
    this.#sendAudio()
  }

  #sendAudio(): void {
    if (this.#audio?.isOpen() !== true) return
    const sequence = this.#audioSequence++
    // Opus silence (RFC 6716 §2.1.9: a packet of one byte is a table of contents and nothing else).
    const payload = Uint8Array.of(0xf8, 0xff, 0xfe)
    const header = { payloadType: 111, sequence, timestamp: sequence * 960, ssrc: AUDIO_SSRC, marker: false }
    this.#audio.sendMessageBinary(buildRtp({ ...header, extensions: [], payload }))
  }

  #closePeer(): void {
    clearInterval(this.#media)
    this.#channels.clear()
    this.#peer?.close()
    this.#peer = undefined
  }
}

function videoSection(): InstanceType<typeof Video> {
  const { payloadType, rtxPayloadType } = VIDEO_CODECS.vp8
  const video = new Video('video0', 'SendOnly')
  video.addVP8Codec(payloadType)
  video.addRTXCodec(rtxPayloadType, payloadType, 90_000)
  video.addSSRC(SSRC, 'publisher', 'publisher', 'video')
  for (const { id, uri } of [HEADER_EXTENSIONS.playoutDelay, HEADER_EXTENSIONS.absCaptureTime]) {
    video.parseSdpLine(`a=extmap:${id} ${uri}`)
  }
  return video
}

function audioSection(): InstanceType<typeof Audio> {
  const audio = new Audio('audio1', 'SendOnly')
  audio.addOpusCodec(111)
  audio.addSSRC(AUDIO_SSRC, 'publisher', 'publisher', 'audio')
  return audio
}
