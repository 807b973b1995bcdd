// SPDX-License-Identifier: Apache-2.0
// Counters of video streams as the media workers keep them, for metrics. Read seldom: each stream is a question to its
// worker.

import type { Consumer, Producer } from 'mediasoup/types'

/** Counters of one video stream since it began; they only grow, except round-trip time and jitter. */
export interface StreamCounters {
  id: string
  /** `in` = from a runner, `out` = to a viewer. */
  direction: 'in' | 'out'
  packets: number
  bytes: number
  packetsLost: number
  retransmitted: number
  /** Requests of the receiving side. */
  nacks: number
  plis: number
  firs: number
  roundTripSeconds: number | undefined
  jitterSeconds: number
}

const VIDEO_CLOCK_HZ = 90_000

/** Counters of what a runner sends; undefined when the stream has ended or not begun. */
export async function producerCounters(producer: Producer): Promise<StreamCounters | undefined> {
  if (producer.closed) return undefined
  const [stat] = await producer.getStats()
  return stat === undefined ? undefined : countersOf(producer.id, 'in', stat)
}

/** Counters of what a viewer is sent; undefined when the stream has ended or not begun. */
export async function consumerCounters(consumer: Consumer): Promise<StreamCounters | undefined> {
  if (consumer.closed) return undefined
  const stat = (await consumer.getStats()).find(({ type }) => type === 'outbound-rtp')
  return stat === undefined ? undefined : countersOf(consumer.id, 'out', stat)
}

type Stat = Awaited<ReturnType<Consumer['getStats']>>[number]

function countersOf(id: string, direction: 'in' | 'out', stat: Stat): StreamCounters {
  return {
    id,
    direction,
    packets: stat.packetCount,
    bytes: stat.byteCount,
    packetsLost: Math.max(0, stat.packetsLost),
    retransmitted: stat.packetsRetransmitted,
    nacks: stat.nackCount,
    plis: stat.pliCount,
    firs: stat.firCount,
    roundTripSeconds:
      stat.roundTripTime === undefined || stat.roundTripTime <= 0 ? undefined : stat.roundTripTime / 1_000,
    jitterSeconds: stat.jitter / VIDEO_CLOCK_HZ,
  }
}
