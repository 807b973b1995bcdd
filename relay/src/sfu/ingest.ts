// SPDX-License-Identifier: Apache-2.0
// What one offer of a runner became: a transport, a producer for video and one for audio, the frame echo's data producer,
// and the data consumers that carry players' input to the runner. Replaced as a whole by the next offer.

import { ECHO_STREAM_ID, NestriError } from '@nestri/protocol'
import type { DataConsumer, DataProducer, Producer, Router, WebRtcTransport } from 'mediasoup/types'
import type { IngestOffer } from '../ingest/offer.ts'
import type { TransportDescription } from './media-types.ts'
import type { RoomMedia } from './room-media.ts'

/** The one key-frame throttle (the first request passes at once): a storm of joins or losses makes 2 key frames a second. */
export const KEY_FRAME_REQUEST_DELAY_MS = 500

export class Ingest {
  readonly transport: WebRtcTransport
  readonly description: TransportDescription
  video: Producer | undefined
  audio: Producer | undefined
  echo: DataProducer | undefined
  #onEnd: ((reason: string) => void) | undefined

  private constructor(transport: WebRtcTransport, description: TransportDescription) {
    this.transport = transport
    this.description = description
  }

  /**
   * Opens the transport and producers that `offer` describes.
   * @throws {NestriError} ERR_SDP when a codec or parameter does not fit the router
   */
  static async open(media: RoomMedia, router: Router, offer: IngestOffer): Promise<Ingest> {
    const { transport, description } = await media.openTransport(media.home, {
      enableSctp: true,
      // webrtcbin's ICE agent sends no consent checks (RFC 7675); the runner's heartbeat tells when it is gone.
      iceConsentTimeout: 0,
    })
    const ingest = new Ingest(transport, description)
    try {
      const { role, fingerprint } = offer.remote
      await transport.connect({
        dtlsParameters: { role, fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] },
      })
      for (const section of offer.sections) {
        if (section.use === 'media') await ingest.#produce(section)
        if (section.use === 'data') await ingest.#produceEcho()
      }
    } catch (error) {
      transport.close()
      if (router.closed || error instanceof NestriError) throw error
      const detail = error instanceof Error ? error.message : String(error)
      throw new NestriError('ERR_SDP', { detail: detail.slice(0, 200) }, { cause: error })
    }
    ingest.#watch()
    return ingest
  }

  get connected(): boolean {
    return this.transport.dtlsState === 'connected'
  }

  get closed(): boolean {
    return this.transport.closed
  }

  /** Calls `handler` when DTLS is connected; at once where it is. */
  onConnected(handler: () => void): void {
    if (this.connected) {
      handler()
      return
    }
    this.transport.on('dtlsstatechange', (state) => {
      if (state === 'connected') handler()
    })
  }

  /** Calls `handler` when the connection is lost, but not for our own `close`. */
  onEnd(handler: (reason: string) => void): void {
    this.#onEnd = handler
  }

  /** Lets a player's data reach the runner; the consumer's stream id is what the runner opens. */
  async consumeInput(producer: DataProducer): Promise<DataConsumer> {
    return await this.transport.consumeData({ dataProducerId: producer.id })
  }

  close(): void {
    this.#onEnd = undefined
    this.transport.close()
  }

  async #produce(section: IngestOffer['sections'][number] & { use: 'media' }): Promise<void> {
    const { kind, rtpParameters } = section
    this[kind] = await this.transport.produce({
      kind,
      rtpParameters,
      ...(kind === 'video' ? { keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS } : {}),
    })
  }

  async #produceEcho(): Promise<void> {
    this.echo = await this.transport.produceData({
      sctpStreamParameters: { streamId: ECHO_STREAM_ID, ordered: false, maxRetransmits: 0 },
      label: 'echo',
    })
  }

  #watch(): void {
    const end = (reason: string): void => {
      const handler = this.#onEnd
      this.#onEnd = undefined
      handler?.(reason)
    }
    this.transport.on('dtlsstatechange', (state) => {
      if (state === 'failed' || state === 'closed') end('the media connection of the runner was closed')
    })
    this.transport.on('icestatechange', (state) => {
      if (state === 'disconnected') end('the media connection of the runner was lost')
    })
    this.transport.on('routerclose', () => end('the media worker of the room died'))
    this.transport.on('listenserverclose', () => end('the media worker of the room died'))
  }
}
