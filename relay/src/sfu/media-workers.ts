// SPDX-License-Identifier: Apache-2.0
// The mediasoup workers: one process per slot, each with one WebRtcServer on its own port, UDP and TCP on the same
// number. A worker that dies is replaced on its port; who used it sees its transports close and starts over.

import { once } from 'node:events'
import { NestriError } from '@nestri/protocol'
import { backoffMs, pause, withDeadline } from '@nestri/runtime'
import type { Logger } from '@nestri/runtime'
import { createWorker } from 'mediasoup'
import type { TransportListenInfo, WebRtcServer, Worker } from 'mediasoup/types'
import type { Candidate } from './media-types.ts'

/** Bytes of the kernel's socket buffers: a key frame of 1080p to 50 viewers is about 5 MB in one burst. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024

/** How long a connection waits for a worker that is being replaced, in ms; a start takes well under 1 s. */
const REPLACE_DEADLINE_MS = 10_000

const SHUTDOWN_RACE_MS = 30

export interface MediaWorkersOptions {
  /** Number of worker processes, 1 or more. */
  count: number
  /** Port of slot 0; slot i takes `firstPort + i`. 0 = free ports. */
  firstPort: number
  /** Address that the media sockets bind, e.g. `0.0.0.0`. */
  listenAddress: string
  /** Addresses that peers are told, at least one, best first. */
  announcedAddresses: readonly string[]
  /** Path of the mediasoup-worker binary; undefined = where mediasoup's own installation put it. */
  workerBin: string | undefined
  log: Logger
}

/** One worker process and its port. The slot stays when the process is replaced. */
export interface WorkerSlot {
  readonly index: number
  readonly port: number
  worker: Worker
  server: WebRtcServer
  /** Connections placed here, for choosing the least loaded slot. */
  connections: number
}

export class MediaWorkers implements AsyncDisposable {
  readonly slots: readonly WorkerSlot[]
  readonly #options: MediaWorkersOptions
  readonly #closing = new AbortController()
  /** Who waits for a slot's new worker. */
  readonly #waiting = new Map<WorkerSlot, PromiseWithResolvers<void>>()
  /** Workers that died since the start. */
  deaths = 0

  private constructor(options: MediaWorkersOptions, slots: readonly WorkerSlot[]) {
    this.#options = options
    this.slots = slots
    for (const slot of slots) this.#watch(slot)
  }

  /**
   * Starts all workers.
   * @throws {NestriError} ERR_PORT_IN_USE when a media port is taken
   */
  static async open(options: MediaWorkersOptions): Promise<MediaWorkers> {
    const slots: WorkerSlot[] = []
    try {
      for (let index = 0; index < options.count; index++) {
        const port = options.firstPort === 0 ? 0 : options.firstPort + index
        slots.push({ index, connections: 0, ...(await startWorker(options, port)) })
      }
    } catch (error) {
      for (const slot of slots) slot.worker.close()
      throw error
    }
    return new MediaWorkers(options, slots)
  }

  /** Whether every slot has a living worker. */
  get alive(): boolean {
    return this.slots.every(({ worker }) => !worker.closed)
  }

  /**
   * Waits until the slot has a living worker: at once, or when the one that died has been replaced.
   * @throws {DeadlineError} after REPLACE_DEADLINE_MS
   */
  async ready(slot: WorkerSlot): Promise<void> {
    if (!slot.worker.closed) return
    const waiting = this.#waiting.get(slot) ?? Promise.withResolvers<void>()
    this.#waiting.set(slot, waiting)
    await withDeadline(waiting.promise, REPLACE_DEADLINE_MS, 'the new media worker')
  }

  /** The slot with the fewest connections, among `among` where given. */
  leastLoaded(among: readonly WorkerSlot[] = this.slots): WorkerSlot {
    const [best] = [...among].sort((a, b) => a.connections - b.connections)
    if (best === undefined) throw new RangeError('there is no worker')
    return best
  }

  /** CPU time and largest memory of the living workers, by slot. */
  async usage(): Promise<{ slot: number; cpuSeconds: number; maxMemoryBytes: number }[]> {
    const living = this.slots.filter(({ worker }) => !worker.closed)
    const answers = await Promise.allSettled(living.map(({ worker }) => worker.getResourceUsage()))
    return answers.flatMap((answer, i) => {
      if (answer.status === 'rejected') return []
      const { ru_utime: userMs, ru_stime: systemMs, ru_maxrss: kib } = answer.value
      return [{ slot: living[i]?.index ?? 0, cpuSeconds: (userMs + systemMs) / 1_000, maxMemoryBytes: kib * 1024 }]
    })
  }

  /** Where transports of `slot` can be reached, UDP before TCP. */
  candidates({ port }: WorkerSlot): Candidate[] {
    return (['udp', 'tcp'] as const).flatMap((protocol) =>
      this.#options.announcedAddresses.map((address) => ({ address, port, protocol })),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    const ended = this.slots.map(async ({ worker }) => {
      if (worker.subprocessClosed) return
      const closed = once(worker, 'subprocessclose')
      worker.close()
      await Promise.race([closed, pause(1_000)])
    })
    await Promise.all(ended)
  }

  #watch(slot: WorkerSlot): void {
    slot.worker.on('died', (error) => {
      this.#replace(slot, error).catch((failure: unknown) => {
        this.#options.log.error({ err: failure, slot: slot.index }, 'media worker could not be replaced')
      })
    })
  }

  async #replace(slot: WorkerSlot, error: Error): Promise<void> {
    // Ctrl-C and a container's stop reach the workers as well as us: give our own end the time to be known.
    await pause(SHUTDOWN_RACE_MS, this.#closing.signal)
    if (this.#closing.signal.aborted) return
    this.deaths++
    this.#options.log.error({ err: error, slot: slot.index }, 'media worker died')
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      try {
        Object.assign(slot, await startWorker(this.#options, slot.port))
        break
      } catch (failure) {
        this.#options.log.warn({ err: failure, slot: slot.index, attempt }, 'media worker did not start')
        await pause(backoffMs(attempt, { baseMs: 100, maxMs: 2_000 }), this.#closing.signal)
      }
    }
    if (this.#closing.signal.aborted) {
      slot.worker.close()
      return
    }
    this.#watch(slot)
    this.#options.log.info({ slot: slot.index, pid: slot.worker.pid }, 'media worker replaced')
    this.#waiting.get(slot)?.resolve()
    this.#waiting.delete(slot)
  }
}

async function startWorker(
  options: MediaWorkersOptions,
  port: number,
): Promise<{ worker: Worker; server: WebRtcServer; port: number }> {
  const { listenAddress, announcedAddresses, workerBin } = options
  const forgetSignals = signalListenersAddedFromNow()
  const worker = await createWorker({
    // Unknown ICE user names are logged at `warn` by tag: a flood of junk must not become a flood of log lines.
    logLevel: 'error',
    logTags: [],
    ...(workerBin === undefined ? {} : { workerBin }),
  }).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error)
    throw new NestriError('ERR_WORKER', { detail }, { cause: error })
  })
  forgetSignals()
  const [announcedAddress] = announcedAddresses
  const listen = (protocol: 'udp' | 'tcp', on: number): TransportListenInfo => ({
    protocol,
    ip: listenAddress,
    port: on,
    ...(announcedAddress === undefined ? {} : { announcedAddress }),
    sendBufferSize: SOCKET_BUFFER_BYTES,
    recvBufferSize: SOCKET_BUFFER_BYTES,
  })
  try {
    if (port !== 0) {
      const server = await worker.createWebRtcServer({ listenInfos: [listen('udp', port), listen('tcp', port)] })
      return { worker, server, port }
    }
    // The kernel picks for UDP; the same number is nearly always free for TCP.
    const probe = await worker.createWebRtcServer({ listenInfos: [listen('udp', 0)] })
    const free = (await probe.dump()).udpSockets[0]?.port ?? 0
    probe.close()
    const server = await worker.createWebRtcServer({ listenInfos: [listen('udp', free), listen('tcp', free)] })
    return { worker, server, port: free }
  } catch (error) {
    worker.close()
    if (/address already in use|EADDRINUSE/i.test(String(error))) {
      throw new NestriError('ERR_PORT_IN_USE', { port }, { cause: error })
    }
    throw error
  }
}

/** mediasoup closes its workers on signals by itself, before we have told anybody: takes those listeners away again. */
function signalListenersAddedFromNow(): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)))
  return () => {
    for (const signal of signals) {
      for (const listener of process.listeners(signal)) {
        if (!before.has(listener)) process.removeListener(signal, listener)
      }
    }
  }
}
