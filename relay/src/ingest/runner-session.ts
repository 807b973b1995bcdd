// SPDX-License-Identifier: Apache-2.0
// One runner on `WS /runner`: announce, offers, figures and heartbeat. Silence or a closed socket means that the runner is
// gone. All steps of a session run one after another.

import { INGEST_VERSION, NestriError, RUNNER_HEARTBEAT_MS, RUNNER_SILENCE_MS, runnerMessage } from '@nestri/protocol'
import type { RelayToRunner, RunnerMessage } from '@nestri/protocol'
import type { Logger } from '@nestri/runtime'
import { ulid } from 'ulid'
import type { WebSocket } from 'ws'
import type { Admission } from '../auth/admission.ts'
import { CLOSE, MessageSocket } from '../http/message-socket.ts'
import { SerialQueue } from '../http/serial-queue.ts'
import type { RoomRunner } from '../rooms/peers.ts'
import type { RoomRegistry } from '../rooms/registry.ts'
import type { Room } from '../rooms/room.ts'

export interface RunnerSessionDeps {
  admission: Admission
  registry: RoomRegistry
  log: Logger
  onRefused: (code: string) => void
}

/** Silence before the announce; the hello timeout ends it earlier. */
const QUIET_MS = 60_000

export class RunnerSession {
  readonly #deps: RunnerSessionDeps
  readonly #socket: MessageSocket<typeof runnerMessage, RelayToRunner>
  readonly #queue: SerialQueue
  readonly #runner: RoomRunner
  #announced = false
  #room: Room | undefined
  #goodbye: string | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #heardAtMs: number = performance.now()

  constructor(socket: WebSocket, deps: RunnerSessionDeps) {
    this.#deps = deps
    this.#queue = new SerialQueue((error) => this.#onError(error))
    this.#runner = {
      id: ulid(),
      send: (message) => this.#socket.send(message),
      end: (error, { final }) => this.#socket.refuse(error, { final, ...(final ? {} : { closeCode: CLOSE.tryAgain }) }),
    }
    this.#socket = new MessageSocket(socket, {
      schema: runnerMessage,
      pingMs: QUIET_MS,
      silenceMs: QUIET_MS,
      log: deps.log,
      onMessage: (message) => this.#onMessage(message),
      onClosed: (reason) => this.#onClosed(reason),
      onRefused: ({ code }) => deps.onRefused(code),
    })
  }

  /** Ends the connection because the relay goes; the runner comes back by itself. */
  close(error: NestriError, closeCode: number): void {
    this.#socket.refuse(error, { final: false, closeCode })
  }

  #onMessage(message: RunnerMessage): void {
    this.#heardAtMs = performance.now()
    if (message.type === 'heartbeat') return
    if ((message.type === 'announce') === this.#announced) {
      throw new NestriError('ERR_MESSAGE_ORDER', { type: message.type })
    }
    this.#announced = true
    if (!this.#queue.add(() => this.#handle(message))) throw new NestriError('ERR_RATE', { limit: 'fewer' })
  }

  async #handle(message: Exclude<RunnerMessage, { type: 'heartbeat' }>): Promise<void> {
    if (message.type === 'announce') {
      await this.#announce(message)
      return
    }
    const room = this.#room
    if (room === undefined) return
    switch (message.type) {
      case 'renew': {
        const { room: name, life } = { room: room.name, life: room.life }
        room.renew(
          this.#runner,
          await this.#deps.admission.runner({ room: name, epoch: life.epoch, token: message.token }),
        )
        return
      }
      case 'offer':
        return await room.offer(this.#runner, message.negotiation, message.sdp)
      case 'encoder':
        room.encoder = message.encoder
        return
      case 'stats':
        return room.report(this.#runner, message.stats)
      case 'interrupted':
        return room.interrupted(this.#runner, message.reason)
      case 'bye':
        this.#goodbye = message.reason
        this.#socket.close(CLOSE.normal, 'bye')
    }
  }

  async #announce(announce: Extract<RunnerMessage, { type: 'announce' }>): Promise<void> {
    if (announce.version !== INGEST_VERSION) {
      throw new NestriError('ERR_PROTOCOL_VERSION', { version: announce.version, supported: INGEST_VERSION })
    }
    const { minKbps, startKbps, maxKbps } = announce.bitrate
    if (!(minKbps <= startKbps && startKbps <= maxKbps && maxKbps > 0)) {
      throw new NestriError('ERR_MESSAGE_FORMAT', { detail: 'bitrate: min <= start <= max does not hold' })
    }
    const claims = await this.#deps.admission.runner(announce)
    if (this.#socket.closed) return
    this.#room = this.#deps.registry.announce(this.#runner, claims, announce)
    this.#heardAtMs = performance.now()
    this.#heartbeat = setInterval(() => this.#beat(), RUNNER_HEARTBEAT_MS)
  }

  #beat(): void {
    if (performance.now() - this.#heardAtMs > RUNNER_SILENCE_MS) {
      this.#socket.drop('nothing was heard of the runner')
      return
    }
    this.#socket.send({ type: 'heartbeat' })
  }

  #onError(error: unknown): void {
    if (error instanceof NestriError) {
      this.#socket.refuse(error, { final: true })
      return
    }
    this.#deps.log.error({ err: error, runner: this.#runner.id }, 'step of a runner failed')
    this.#socket.refuse(new NestriError('ERR_INTERNAL'), { final: false, closeCode: CLOSE.tryAgain })
  }

  #onClosed(reason: string): void {
    this.#queue.close()
    clearInterval(this.#heartbeat)
    this.#room?.runnerGone(this.#runner, this.#goodbye ?? `the runner is gone: ${reason}`)
  }
}
