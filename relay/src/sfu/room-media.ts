// SPDX-License-Identifier: Apache-2.0
// The media of one room: one router per worker that serves it. The runner and the players live on the home worker,
// spectators on others behind a pipe, so that fan-out never delays the player. Packets never come up here.

import type { Logger } from '@nestri/runtime'
import type { Producer, Router, WebRtcTransport, WebRtcTransportOptions } from 'mediasoup/types'
import type { IngestOffer } from '../ingest/offer.ts'
import { Ingest } from './ingest.ts'
import type { MediaWorkers, WorkerSlot } from './media-workers.ts'
import type { TransportDescription } from './media-types.ts'
import { routerCodecs } from './router-codecs.ts'
import { consumerCounters, producerCounters } from './stream-counters.ts'
import type { StreamCounters } from './stream-counters.ts'
import { ViewerMedia } from './viewer-media.ts'

/** Silence of ICE consent checks (RFC 7675) after which a transport counts as disconnected, in seconds. */
const ICE_CONSENT_TIMEOUT_SECONDS = 10

export class RoomMedia implements Disposable {
  readonly workers: MediaWorkers
  readonly log: Logger
  readonly home: WorkerSlot
  readonly #routers = new Map<WorkerSlot, Promise<Router>>()
  /** Pipes by `<producer>/<slot>`, so that many spectators share one. */
  readonly #pipes = new Map<string, Promise<void>>()
  readonly #viewers = new Set<ViewerMedia>()
  #ingest: Ingest | undefined
  #closed = false

  constructor(workers: MediaWorkers, log: Logger) {
    this.workers = workers
    this.log = log
    this.home = workers.leastLoaded()
  }

  /** What the runner sends at the moment, or undefined. */
  get ingest(): Ingest | undefined {
    return this.#ingest
  }

  /** Opens the runner's transport and producers. The room's media stays the old one until `use`. */
  async openIngest(offer: IngestOffer): Promise<Ingest> {
    return await Ingest.open(this, await this.router(this.home), offer)
  }

  /** Makes `ingest` the room's media (undefined = none). What it replaces is closed. */
  use(ingest: Ingest | undefined): void {
    const previous = this.#ingest
    this.#ingest = ingest
    if (previous !== ingest) previous?.close()
  }

  /**
   * Opens a viewer's transport: a player's on the home worker, a spectator's on another one where there is one.
   * @param maxBitrateKbps upper end of the encoder's range, for the start of the bandwidth estimate
   */
  async openViewer(role: 'player' | 'spectator', maxBitrateKbps: number): Promise<ViewerMedia> {
    const others = this.workers.slots.filter((slot) => slot !== this.home)
    const slot = role === 'player' || others.length === 0 ? this.home : this.workers.leastLoaded(others)
    const media = await ViewerMedia.open(this, slot, { player: role === 'player', maxBitrateKbps })
    this.#viewers.add(media)
    media.transport.observer.once('close', () => this.#viewers.delete(media))
    return media
  }

  /** Counters of the room's video streams, that of the runner first. */
  async counters(): Promise<StreamCounters[]> {
    const video = this.#ingest?.video
    const consumers = [...this.#viewers].flatMap((media) => media.consumer('video') ?? [])
    const asked = [...(video === undefined ? [] : [producerCounters(video)]), ...consumers.map(consumerCounters)]
    // A stream that ends while it is asked rejects; it has no counters then.
    const answers = await Promise.allSettled(asked)
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? (answer.value ?? []) : []))
  }

  /** The room's router on `slot`. */
  router(slot: WorkerSlot): Promise<Router> {
    const known = this.#routers.get(slot)
    if (known !== undefined) return known
    const created = this.#createRouter(slot)
    const forget = (): void => {
      if (this.#routers.get(slot) === created) this.#routers.delete(slot)
    }
    created.then((router) => router.observer.once('close', forget), forget)
    this.#routers.set(slot, created)
    return created
  }

  /** Makes `producer` consumable on `slot`: at home it is, elsewhere through a pipe that keeps its id. */
  async bring(producer: Producer, slot: WorkerSlot): Promise<void> {
    if (slot === this.home) return
    const key = `${producer.id}/${slot.index}`
    const known = this.#pipes.get(key)
    if (known !== undefined) return await known
    // Pipe producers keep keyFrameRequestDelay 0: only the origin throttles, delays of two hops would add up.
    const piped = this.#pipe(producer, slot, key)
    this.#pipes.set(key, piped)
    piped.catch(() => this.#pipes.delete(key))
    await piped
  }

  /** A WebRTC transport of the room on `slot`, and what an SDP says about it. */
  async openTransport(
    slot: WorkerSlot,
    options: Omit<WebRtcTransportOptions, 'webRtcServer' | 'listenInfos' | 'listenIps'>,
  ): Promise<{ transport: WebRtcTransport; description: TransportDescription }> {
    const router = await this.router(slot)
    const transport = await router.createWebRtcTransport({
      webRtcServer: slot.server,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      iceConsentTimeout: ICE_CONSENT_TIMEOUT_SECONDS,
      ...options,
    } as WebRtcTransportOptions)
    slot.connections++
    transport.observer.once('close', () => slot.connections--)
    return { transport, description: this.#describe(transport, slot) }
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.use(undefined)
    for (const router of this.#routers.values()) {
      router.then(
        (open) => open.close(),
        () => undefined,
      )
    }
    this.#routers.clear()
  }

  async #createRouter(slot: WorkerSlot): Promise<Router> {
    await this.workers.ready(slot)
    const router = await slot.worker.createRouter({ mediaCodecs: routerCodecs() })
    if (this.#closed) router.close()
    return router
  }

  async #pipe(producer: Producer, slot: WorkerSlot, key: string): Promise<void> {
    const [home, away] = await Promise.all([this.router(this.home), this.router(slot)])
    const { pipeProducer } = await home.pipeToRouter({ producerId: producer.id, router: away })
    pipeProducer?.observer.once('close', () => this.#pipes.delete(key))
  }

  #describe(transport: WebRtcTransport, slot: WorkerSlot): TransportDescription {
    const { usernameFragment, password } = transport.iceParameters
    const fingerprint = transport.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256')
    if (fingerprint === undefined) throw new Error('the media worker has no sha-256 fingerprint')
    const { sctpParameters: sctp } = transport
    return {
      usernameFragment,
      password,
      fingerprint: fingerprint.value,
      candidates: this.workers.candidates(slot),
      sctp: sctp === undefined ? undefined : { port: sctp.port, maxMessageSizeBytes: sctp.maxReceiveMessageSize },
    }
  }
}
