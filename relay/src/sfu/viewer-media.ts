// SPDX-License-Identifier: Apache-2.0
// One transport to a viewer: consumers that start paused and are resumed when the viewer can decode them, and for a
// player the data producers of its input, which are paused unless it holds a seat. A spectator has none at all.

import { INPUT_STREAM_ID, MAX_INPUT_BYTES, MOTION_LIFETIME_MS, MOTION_STREAM_ID } from '@nestri/protocol'
import type { Consumer, DataConsumer, DataProducer, WebRtcTransport } from 'mediasoup/types'
import type { Ingest } from './ingest.ts'
import type { WorkerSlot } from './media-workers.ts'
import type { RemoteDtls, RtpParameters, TransportDescription } from './media-types.ts'
import type { RoomMedia } from './room-media.ts'
import { viewerCapabilities } from './router-codecs.ts'

/** Start of the bandwidth estimate over the stream's maximum: an estimate that starts below it would look like a thin link. */
const ESTIMATE_HEADROOM = 1.2

export interface ViewerMediaOptions {
  player: boolean
  maxBitrateKbps: number
}

/** One media section towards the viewer; it keeps mid and place for the transport's life. */
export interface SentMedia {
  kind: 'audio' | 'video'
  mid: string
  parameters: RtpParameters
  consumer: Consumer | undefined
}

/** What is known of the way to a viewer. */
export interface LinkFigures {
  /** Bandwidth that the congestion controller believes in, in kbit/s. */
  estimateKbps: number | undefined
  /** Newest round-trip time of the receiver's reports, in ms. */
  rttMs: number | undefined
  /** Share of packets lost by the feedback of the last seconds, the newest counting most, 0..1. */
  recentLossFraction: number
  packetsSent: number
  bytesSent: number
  packetsLost: number
}

export class ViewerMedia {
  readonly transport: WebRtcTransport
  readonly description: TransportDescription
  readonly player: boolean
  /** Sections in the order in which they were first offered. */
  readonly sent: SentMedia[] = []
  input: DataProducer | undefined
  motion: DataProducer | undefined
  echo: DataConsumer | undefined
  readonly #room: RoomMedia
  readonly #slot: WorkerSlot
  #attached: Ingest | undefined
  #connecting = false

  private constructor(
    room: RoomMedia,
    slot: WorkerSlot,
    {
      transport,
      description,
      player,
    }: { transport: WebRtcTransport; description: TransportDescription; player: boolean },
  ) {
    this.#room = room
    this.#slot = slot
    this.transport = transport
    this.description = description
    this.player = player
  }

  static async open(room: RoomMedia, slot: WorkerSlot, options: ViewerMediaOptions): Promise<ViewerMedia> {
    const { player, maxBitrateKbps } = options
    const opened = await room.openTransport(slot, {
      enableSctp: player,
      ...(player ? { maxReceiveMessageSize: MAX_INPUT_BYTES } : {}),
      initialAvailableOutgoingBitrate: Math.round(maxBitrateKbps * 1_000 * ESTIMATE_HEADROOM),
    })
    const media = new ViewerMedia(room, slot, { ...opened, player })
    if (player) await media.#openInput()
    return media
  }

  get closed(): boolean {
    return this.transport.closed
  }

  get connected(): boolean {
    return this.transport.dtlsState === 'connected'
  }

  /** What the viewer consumes at the moment. */
  get attached(): Ingest | undefined {
    return this.#attached
  }

  consumer(kind: 'audio' | 'video'): Consumer | undefined {
    return this.sent.find((sent) => sent.kind === kind)?.consumer
  }

  /** Asks the origin for a key frame, as the viewer itself would by PLI; the origin throttles both. */
  async requestKeyFrame(): Promise<void> {
    const consumer = this.consumer('video')
    if (consumer !== undefined && !consumer.closed && !consumer.paused) await consumer.requestKeyFrame()
  }

  /** Consumes what `ingest` sends, paused, in the same sections as before. The next offer tells the viewer. */
  async attach(ingest: Ingest): Promise<void> {
    this.#attached = ingest
    for (const kind of ['video', 'audio'] as const) await this.#consume(kind, ingest)
    if (this.player && ingest.echo !== undefined) {
      this.echo?.close()
      this.echo = await this.transport.consumeData({ dataProducerId: ingest.echo.id })
    }
  }

  /** Connects DTLS with the answer's end, once; then resumes what is paused as soon as the viewer can decrypt it. */
  async accept({ role, fingerprint }: RemoteDtls): Promise<void> {
    if (!this.#connecting) {
      this.#connecting = true
      this.transport.on('dtlsstatechange', (state) => {
        if (state === 'connected') this.#resume()
      })
      await this.transport.connect({
        dtlsParameters: { role, fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] },
      })
    }
    if (this.connected) this.#resume()
  }

  /** Lets the player's input through, or stops it in the worker. */
  async setSeated(seated: boolean): Promise<void> {
    for (const producer of [this.input, this.motion]) {
      if (producer === undefined || producer.closed || producer.paused === !seated) continue
      await (seated ? producer.resume() : producer.pause())
    }
  }

  /** Calls `handler` when DTLS is connected. */
  onConnected(handler: () => void): void {
    this.transport.on('dtlsstatechange', (state) => {
      if (state === 'connected') handler()
    })
  }

  /** Calls `handler` once when the connection is lost, but not for our own `close`. */
  onEnd(handler: (reason: string) => void): void {
    let ended = false
    const end = (reason: string): void => {
      if (ended) return
      ended = true
      handler(reason)
    }
    this.transport.on('icestatechange', (state) => {
      if (state === 'disconnected') end('the media connection was lost')
    })
    this.transport.on('dtlsstatechange', (state) => {
      if (state === 'failed' || state === 'closed') end('the media connection was closed')
    })
    this.transport.on('routerclose', () => end('the media worker died'))
    this.transport.on('listenserverclose', () => end('the media worker died'))
  }

  /** Calls `handler` when the bandwidth estimate was made anew: once a second, at once when it falls by a quarter. */
  onEstimate(handler: () => void): void {
    this.transport.on('trace', ({ type }) => {
      if (type === 'bwe') handler()
    })
    this.transport.enableTraceEvent(['bwe']).catch((error: unknown) => {
      if (!this.closed) this.#room.log.warn({ err: error }, 'estimates cannot be watched')
    })
  }

  /** Measures the link; undefined while no video is sent on it. */
  async linkFigures(): Promise<LinkFigures | undefined> {
    const consumer = this.consumer('video')
    if (!this.connected || consumer === undefined || consumer.closed || consumer.paused) return undefined
    const [[transport], stats] = await Promise.all([this.transport.getStats(), consumer.getStats()])
    const sent = stats.find(({ type }) => type === 'outbound-rtp')
    if (sent === undefined) return undefined
    const estimate = transport?.availableOutgoingBitrate
    return {
      estimateKbps: estimate === undefined || estimate <= 0 ? undefined : estimate / 1_000,
      rttMs: sent.roundTripTime,
      recentLossFraction: transport?.rtpPacketLossSent ?? 0,
      packetsSent: sent.packetCount,
      bytesSent: sent.byteCount,
      packetsLost: sent.packetsLost,
    }
  }

  close(): void {
    this.transport.close()
  }

  async #openInput(): Promise<void> {
    this.input = await this.transport.produceData({
      sctpStreamParameters: { streamId: INPUT_STREAM_ID, ordered: true },
      label: 'input',
      paused: true,
    })
    this.motion = await this.transport.produceData({
      sctpStreamParameters: { streamId: MOTION_STREAM_ID, ordered: false, maxPacketLifeTime: MOTION_LIFETIME_MS },
      label: 'motion',
      paused: true,
    })
  }

  async #consume(kind: 'audio' | 'video', ingest: Ingest): Promise<void> {
    const sent = this.sent.find((section) => section.kind === kind)
    sent?.consumer?.close()
    const producer = ingest[kind]
    if (producer === undefined) {
      if (sent !== undefined) sent.consumer = undefined
      return
    }
    const router = await this.#room.router(this.#slot)
    await this.#room.bring(producer, this.#slot)
    const mid = sent?.mid ?? kind
    const consumer = await this.transport.consume({
      producerId: producer.id,
      rtpCapabilities: viewerCapabilities(router.rtpCapabilities),
      paused: true,
      mid,
    })
    if (sent === undefined) this.sent.push({ kind, mid, parameters: consumer.rtpParameters, consumer })
    else Object.assign(sent, { parameters: consumer.rtpParameters, consumer })
  }

  #resume(): void {
    for (const { consumer } of this.sent) {
      if (consumer === undefined || consumer.closed || !consumer.paused) continue
      consumer.resume().catch((error: unknown) => {
        if (!consumer.closed) this.#room.log.warn({ err: error }, 'consumer could not be resumed')
      })
    }
  }
}
