// SPDX-License-Identifier: Apache-2.0
// The input paths of a room: each player's data producers are consumed on the runner's transport, worker to worker. The
// runner is told the stream ids that mediasoup chose. Remade when either end is replaced.

import type { Logger } from '@nestri/runtime'
import type { DataConsumer, DataProducer } from '../sfu/media-types.ts'
import type { Ingest } from '../sfu/ingest.ts'
import type { ViewerMedia } from '../sfu/viewer-media.ts'
import type { RoomRunner } from './peers.ts'

/** The runner's end: where input goes and who is told. */
export interface InputTarget {
  ingest: Ingest
  runner: RoomRunner
}

export class InputLinks {
  readonly #log: Logger
  readonly #players = new Map<string, ViewerMedia>()
  #target: InputTarget | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Input goes to `target` from now on (undefined = nowhere). */
  use(target: InputTarget | undefined): void {
    this.#target = target
    if (target === undefined) return
    for (const [viewer, media] of this.#players) this.#link(viewer, media, target)
  }

  /** A player's transport is there; it replaces an earlier one of the same viewer. */
  add(viewer: string, media: ViewerMedia): void {
    if (media.closed) return
    this.#players.set(viewer, media)
    media.transport.observer.once('close', () => {
      if (this.#players.get(viewer) === media) this.#players.delete(viewer)
    })
    if (this.#target !== undefined) this.#link(viewer, media, this.#target)
  }

  /** The transport of a player. */
  mediaOf(viewer: string): ViewerMedia | undefined {
    return this.#players.get(viewer)
  }

  #link(viewer: string, media: ViewerMedia, target: InputTarget): void {
    for (const channel of ['input', 'motion'] as const) {
      const producer = media[channel]
      if (producer === undefined || producer.closed) continue
      this.#consume(producer, target).then(
        (consumer) => {
          if (consumer === undefined) return
          const streamId = consumer.sctpStreamParameters?.streamId
          if (streamId === undefined) return
          target.runner.send({ type: 'input-stream', viewer, channel, streamId })
          consumer.on('dataproducerclose', () => {
            if (this.#target === target) target.runner.send({ type: 'input-stream-closed', viewer, streamId })
          })
        },
        (error: unknown) => {
          if (!producer.closed && !target.ingest.closed) this.#log.warn({ err: error, viewer }, 'input path failed')
        },
      )
    }
  }

  async #consume(producer: DataProducer, target: InputTarget): Promise<DataConsumer | undefined> {
    const consumer = await target.ingest.consumeInput(producer)
    if (this.#target === target && !producer.closed) return consumer
    consumer.close()
    return undefined
  }
}
