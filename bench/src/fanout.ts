// SPDX-License-Identifier: Apache-2.0
// `npm run bench:fanout`: what a packet costs the relay with 50 viewers, against the limit of the machine, and how long
// the player's frames stay in the relay while others watch. Each pair starts everything anew.

import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openRelay, type Relay } from '@nestri/e2e'
import { readOptions, wants } from './options.ts'
import { cpuMsBetween, listProcesses, type ProcessFacts, processTree } from './processes.ts'
import { distributionRow, type Row, valueRow } from './report.ts'
import { median } from './stats.ts'
import { buildNativePrograms, nativeProgram } from './support/native-programs.ts'
import { pinTree } from './support/pinning.ts'
import { Publisher } from './support/publisher.ts'
import { type FrameTimes, Receivers } from './support/receivers.ts'
import { progress, runBench } from './support/run-bench.ts'

const ROOM = 'bench'
/** 17 packets of 1200 bytes, 60 times a second: 10 Mbit/s. */
const STREAM = { room: ROOM, framesPerSecond: 60, packetsPerFrame: 17, packetBytes: 1200 }
const VIEWERS = 50
const SPECTATORS = [0, 10, 50] as const
const RELAY_CPU = 0
const OTHER_CPU = Math.min(1, availableParallelism() - 1)
/** Joins that run at the same time: each needs a key frame, and the origin makes at most two a second. */
const JOINS_AT_ONCE = 10
/** Connections and buffers settle after joins before anything is measured. */
const SETTLE_MS = 2_000

const options = readOptions(
  'fanout',
  ['cpu', 'limit', 'latency'],
  { starts: 5, seconds: 10, warmUpSeconds: 5 },
  process.argv.slice(2),
)

interface Pair {
  cpuUs?: number
  /** Share of the packets that arrived. */
  delivered?: number
  limitUs?: number
  segmentedLimitUs?: number
  latencyMs: Map<number, number[]>
}

async function measurePair(): Promise<Pair> {
  const pair: Pair = { latencyMs: new Map() }
  if (wants(options, 'limit')) {
    pair.limitUs = await limitUs('sendto')
    pair.segmentedLimitUs = await limitUs('gso')
  }
  await using relay = await openRelay()
  await using publisher = await Publisher.open(relay, { ...STREAM, cpu: OTHER_CPU })
  await using receivers = new Receivers(OTHER_CPU)
  const player = await receivers.join(relay, ROOM, 'player')
  await wait(options.warmUpSeconds * 1000)
  let spectators = 0
  const joinUpTo = async (count: number): Promise<void> => {
    for (; spectators < count; ) {
      const batch = Math.min(JOINS_AT_ONCE, count - spectators)
      await Promise.all(Array.from({ length: batch }, async () => await receivers.join(relay, ROOM, 'spectator')))
      spectators += batch
    }
    await wait(SETTLE_MS)
  }
  for (const count of wants(options, 'latency') ? SPECTATORS : []) {
    if (count > VIEWERS - 1 && wants(options, 'cpu')) continue
    await joinUpTo(count)
    pair.latencyMs.set(count, await forwardLatencyMs(publisher, receivers, player))
  }
  if (wants(options, 'cpu')) {
    await joinUpTo(VIEWERS - 1)
    Object.assign(pair, await cpuPerPacket(relay, receivers))
  }
  if (wants(options, 'latency') && !pair.latencyMs.has(VIEWERS)) {
    await joinUpTo(VIEWERS)
    pair.latencyMs.set(VIEWERS, await forwardLatencyMs(publisher, receivers, player))
  }
  return pair
}

/** Hand-over of each frame's last packet to the publisher's socket until its arrival at the player's. */
async function forwardLatencyMs(publisher: Publisher, receivers: Receivers, player: number): Promise<number[]> {
  publisher.record()
  receivers.record(player)
  await publisher.frames()
  await receivers.frames(player)
  await wait(options.seconds * 1000)
  const sent = await publisher.frames()
  await wait(200)
  return differencesMs(sent, await receivers.frames(player))
}

function differencesMs(sent: FrameTimes, came: FrameTimes): number[] {
  return [...sent].flatMap(([timestamp, at]) => {
    const arrived = came.get(timestamp)
    return arrived === undefined ? [] : [Number(arrived - at) / 1e6]
  })
}

/** CPU time of all the relay's processes, pinned to one CPU, per packet that the receivers got. */
async function cpuPerPacket(relay: Relay, receivers: Receivers): Promise<{ cpuUs: number; delivered: number }> {
  const pid = relay.program.child.pid ?? 0
  const relayTree = (): ProcessFacts[] => processTree(listProcesses(), pid)
  await pinTree(pid, String(RELAY_CPU))
  await wait(SETTLE_MS)
  receivers.resetCounts()
  await receivers.counts()
  const [before, start] = [relayTree(), performance.now()]
  await wait(options.seconds * 1000)
  const { packets, lost, forged } = await receivers.counts()
  const cpuMs = cpuMsBetween(before, relayTree())
  const seconds = (performance.now() - start) / 1000
  await pinTree(pid, `0-${availableParallelism() - 1}`)
  const expected = seconds * STREAM.framesPerSecond * STREAM.packetsPerFrame * VIEWERS
  progress(`${packets} of ${Math.round(expected)} packets, ${lost} lost, ${forged} forged, ${cpuMs} ms of CPU`)
  return { cpuUs: (cpuMs * 1000) / packets, delivered: (100 * packets) / (packets + lost) }
}

async function limitUs(how: 'sendto' | 'gso'): Promise<number> {
  const { framesPerSecond, packetsPerFrame, packetBytes } = STREAM
  const seconds = Math.min(options.seconds, 5)
  const words = [VIEWERS, seconds, framesPerSecond, packetsPerFrame, packetBytes, RELAY_CPU, OTHER_CPU].map(String)
  const { stdout } = await promisify(execFile)(nativeProgram('sendto-limit'), [how, ...words])
  return Number(/cpu_us_per_packet ([\d.]+)/.exec(stdout)?.[1])
}

/** Every row that the pairs have figures for. */
function rowsOf(pairs: readonly Pair[]): Row[] {
  const some = (read: (pair: Pair) => number | undefined): number[] => pairs.flatMap((pair) => read(pair) ?? [])
  const rows: Row[] = []
  const add = (values: number[], row: Parameters<typeof valueRow>[0]): void => {
    if (values.length > 0) rows.push(valueRow(row, values))
  }
  const perPacket = { unit: 'µs' }
  add(
    some(({ cpuUs }) => cpuUs),
    {
      ...perPacket,
      name: 'relay-cpu-per-packet',
      target: { value: 5.5 },
      note: `CPU time of all processes of the relay (Node included) on CPU ${RELAY_CPU}, per packet of video that one of ${VIEWERS} viewers (1 player, ${VIEWERS - 1} spectators) received and decrypted.`,
    },
  )
  add(
    some(({ limitUs }) => limitUs),
    {
      ...perPacket,
      name: 'sendto-gcm-limit',
      note: `CPU time of a loop that encrypts the same frames for ${VIEWERS} destinations and hands each packet to sendto, on CPU ${RELAY_CPU}.`,
    },
  )
  add(
    some(({ segmentedLimitUs }) => segmentedLimitUs),
    {
      ...perPacket,
      name: 'segmented-gcm-limit',
      note: 'The same with all packets of a frame for one destination in one sendmsg (UDP_SEGMENT).',
    },
  )
  add(
    some(({ cpuUs, limitUs }) => (cpuUs === undefined || limitUs === undefined ? undefined : cpuUs / limitUs)),
    {
      name: 'relay-cpu-over-limit',
      unit: 'x',
      note: 'relay-cpu-per-packet over sendto-gcm-limit, divided within each pair.',
    },
  )
  add(
    some(({ delivered }) => delivered),
    { name: 'delivered 50 viewers', unit: '%', target: { atLeast: 99 } },
  )
  rows.push(...latencyRows(pairs))
  return rows
}

function latencyRows(pairs: readonly Pair[]): Row[] {
  const starts = (spectators: number): number[][] => pairs.flatMap(({ latencyMs }) => [latencyMs.get(spectators) ?? []])
  const measured = SPECTATORS.filter((spectators) => starts(spectators).some((samples) => samples.length > 0))
  const rows = measured.map((spectators) =>
    distributionRow(
      {
        name: `player-forward-latency ${spectators} spectators`,
        unit: 'ms',
        note: "Last packet of a frame handed to the publisher's socket until the last packet of that frame came to the player's socket (kernel timestamp). The relay's workers may use both CPUs.",
      },
      starts(spectators),
    ),
  )
  const medians = pairs.flatMap(({ latencyMs }) => {
    const [alone, watched] = [latencyMs.get(0), latencyMs.get(VIEWERS)]
    return alone === undefined || watched === undefined ? [] : [median(watched) / median(alone)]
  })
  if (medians.length > 0) {
    rows.push(
      valueRow(
        {
          name: 'player-forward-ratio 50 to 0 spectators',
          unit: 'x',
          target: { value: 2 },
          note: 'Medians of the rows above, divided within each pair.',
        },
        medians,
      ),
    )
  }
  return rows
}

await buildNativePrograms()
await runBench('fanout', options, async (save) => {
  const pairs: Pair[] = []
  for (let i = 0; i < options.starts; i++) {
    progress(`pair ${i + 1} of ${options.starts}`)
    pairs.push(await measurePair())
    await save(rowsOf(pairs))
  }
  return rowsOf(pairs)
})
