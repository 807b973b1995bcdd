// SPDX-License-Identifier: Apache-2.0
// Every metric of the relay, declared in one place with its help. Base units; labels have few values that are known
// beforehand, never a room or a viewer. docs/metrics.md lists them; a test compares.

import { ERRORS, roomStates } from '@nestri/protocol'
import type { StreamStats } from '@nestri/protocol'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { RoomRegistry } from './rooms/registry.ts'
import type { MediaWorkers } from './sfu/media-workers.ts'
import type { StreamCounters } from './sfu/stream-counters.ts'

const PREFIX = 'nestri_relay_'
/** Scrapes closer together than this see the same stream counters: asking every stream costs the media workers. */
const SAMPLE_MS = 5_000

const STREAM_COUNTERS = {
  packets: ['video_packets_total', 'Video packets received from runners (in) and sent to viewers (out)'],
  bytes: ['video_bytes_total', 'Bytes of video packets received from runners (in) and sent to viewers (out)'],
  packetsLost: ['video_packets_lost_total', 'Video packets that did not arrive at the relay (in) or at viewers (out)'],
  retransmitted: ['video_packets_retransmitted_total', 'Video packets that were sent again'],
  nacks: ['nacks_total', 'Requests for lost packets, by the relay (in) and by viewers (out)'],
  plis: ['plis_total', 'Picture loss indications, by the relay (in) and by viewers (out)'],
  firs: ['firs_total', 'Full intra requests, by the relay (in) and by viewers (out)'],
} as const satisfies Partial<Record<keyof StreamCounters, readonly [string, string]>>
type CountedField = keyof typeof STREAM_COUNTERS

export class RelayMetrics {
  readonly registry: Registry = new Registry()
  readonly #counters: Readonly<Record<CountedField, Counter<'direction'>>>
  readonly #counted = new Map<string, StreamCounters>()
  readonly #workerSeconds = new Map<number, number>()
  readonly #refusals: Counter<'code'>
  readonly #joins: Histogram
  readonly #rooms: Gauge<'state'>
  readonly #viewers: Gauge<'role'>
  readonly #roundTrip: Histogram
  readonly #jitter: Histogram<'direction'>
  readonly #target: Gauge<'stat'>
  readonly #workerCpu: Counter<'slot'>
  readonly #workerMemory: Gauge<'slot'>
  readonly #workerDeaths: Counter
  readonly #runnerFigures: Readonly<Record<RunnerFigure, Gauge<'stat'>>>
  #sampledAtMs = Number.NEGATIVE_INFINITY
  #deaths = 0

  constructor() {
    const registers = [this.registry]
    const named = <L extends string>(
      name: string,
      help: string,
      labelNames: L[] = [],
    ): { name: string; help: string; labelNames: L[]; registers: Registry[] } => ({
      name: `${PREFIX}${name}`,
      help,
      labelNames,
      registers,
    })
    const counter = ([name, help]: readonly [string, string]): Counter<'direction'> =>
      new Counter(named(name, help, ['direction']))
    this.#counters = {
      packets: counter(STREAM_COUNTERS.packets),
      bytes: counter(STREAM_COUNTERS.bytes),
      packetsLost: counter(STREAM_COUNTERS.packetsLost),
      retransmitted: counter(STREAM_COUNTERS.retransmitted),
      nacks: counter(STREAM_COUNTERS.nacks),
      plis: counter(STREAM_COUNTERS.plis),
      firs: counter(STREAM_COUNTERS.firs),
    }
    this.#refusals = new Counter(named('refusals_total', 'Requests and messages that were refused, by code', ['code']))
    this.#joins = new Histogram({
      ...named('join_seconds', "Time from a viewer's connection to its media being connected"),
      buckets: [0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15],
    })
    this.#rooms = new Gauge(named('rooms', 'Rooms on this relay, by state', ['state']))
    this.#viewers = new Gauge(named('viewers', 'Viewers connected to this relay, by role', ['role']))
    this.#roundTrip = new Histogram({
      ...named('viewer_round_trip_seconds', 'Round-trip times to viewers, one sample per viewer and scrape'),
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    })
    this.#jitter = new Histogram({
      ...named('video_jitter_seconds', 'Jitter of video at the receiving end, one sample per stream and scrape', [
        'direction',
      ]),
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
    })
    this.#target = new Gauge(
      named('target_bitrate_bits_per_second', 'Bitrate that encoders are asked for, over live rooms', ['stat']),
    )
    this.#workerCpu = new Counter(named('worker_cpu_seconds_total', 'CPU time of the media workers', ['slot']))
    this.#workerMemory = new Gauge(
      named('worker_memory_max_bytes', 'Largest resident memory of the media workers', ['slot']),
    )
    this.#workerDeaths = new Counter(named('worker_deaths_total', 'Media workers that died and were replaced'))
    const figure = (name: string, help: string): Gauge<'stat'> => new Gauge(named(name, help, ['stat']))
    this.#runnerFigures = {
      framesPerSecond: figure('runner_frames_per_second', 'Frames encoded per second, over live rooms'),
      bitrate: figure('runner_bitrate_bits_per_second', 'Bitrate of the encoders, over live rooms'),
      encode: figure('runner_encode_p99_seconds', '99th percentile of the time that encoding takes, over live rooms'),
      send: figure(
        'runner_capture_to_send_p99_seconds',
        '99th percentile of the time from capture to the last packet, over live rooms',
      ),
    }
    collectDefaultMetrics({ register: this.registry, prefix: PREFIX })
  }

  refused(code: string): void {
    // The label's values are those of the catalogue, whatever a caller hands in.
    if (Object.hasOwn(ERRORS, code)) this.#refusals.inc({ code })
  }

  /** A viewer's media is connected, `ms` after its socket was opened. */
  joined(ms: number): void {
    this.#joins.observe(ms / 1_000)
  }

  /** Reads what is not counted as it happens; called before a scrape. */
  async collect(rooms: RoomRegistry, workers: MediaWorkers): Promise<void> {
    this.#collectRooms(rooms)
    this.#workerDeaths.inc(workers.deaths - this.#deaths)
    this.#deaths = workers.deaths
    if (performance.now() - this.#sampledAtMs < SAMPLE_MS) return
    this.#sampledAtMs = performance.now()
    for (const { slot, cpuSeconds, maxMemoryBytes } of await workers.usage()) {
      const before = this.#workerSeconds.get(slot) ?? 0
      // A replaced worker starts from zero.
      this.#workerCpu.inc({ slot }, cpuSeconds >= before ? cpuSeconds - before : cpuSeconds)
      this.#workerSeconds.set(slot, cpuSeconds)
      this.#workerMemory.set({ slot }, maxMemoryBytes)
    }
    const streams: StreamCounters[] = []
    for (const { media } of rooms.rooms) streams.push(...(await media.counters()))
    this.#count(streams)
  }

  #collectRooms(rooms: RoomRegistry): void {
    const all = [...rooms.rooms]
    for (const state of roomStates) {
      this.#rooms.set({ state }, all.filter(({ life }) => life.phase.state === state).length)
    }
    const counts = all.map((room) => room.counts())
    this.#viewers.set({ role: 'player' }, sum(counts.map(({ players }) => players)))
    this.#viewers.set({ role: 'spectator' }, sum(counts.map(({ spectators }) => spectators)))
    const live = all.filter(({ life }) => life.phase.state === 'live')
    summarize(
      this.#target,
      live.flatMap(({ targetKbps }) => (targetKbps === undefined ? [] : [targetKbps * 1_000])),
    )
    const stats = live.flatMap((room) => room.stats ?? [])
    for (const key of Object.keys(RUNNER_FIGURES) as RunnerFigure[]) {
      summarize(this.#runnerFigures[key], stats.map(RUNNER_FIGURES[key]))
    }
  }

  #count(streams: readonly StreamCounters[]): void {
    const known = new Set(streams.map(({ id }) => id))
    for (const id of this.#counted.keys()) if (!known.has(id)) this.#counted.delete(id)
    for (const stream of streams) {
      const { id, direction, roundTripSeconds, jitterSeconds } = stream
      const before = this.#counted.get(id)
      for (const field of Object.keys(STREAM_COUNTERS) as CountedField[]) {
        this.#counters[field].inc({ direction }, Math.max(0, stream[field] - (before?.[field] ?? 0)))
      }
      this.#counted.set(id, stream)
      this.#jitter.observe({ direction }, jitterSeconds)
      if (direction === 'out' && roundTripSeconds !== undefined) this.#roundTrip.observe(roundTripSeconds)
    }
  }
}

type RunnerFigure = keyof typeof RUNNER_FIGURES
const RUNNER_FIGURES = {
  framesPerSecond: ({ framesPerSecond }: StreamStats): number => framesPerSecond,
  bitrate: ({ bitrateKbps }: StreamStats): number => bitrateKbps * 1_000,
  encode: ({ encodeMsP99 }: StreamStats): number => encodeMsP99 / 1_000,
  send: ({ captureToSendMsP99 }: StreamStats): number => captureToSendMsP99 / 1_000,
} as const

function summarize(gauge: Gauge<'stat'>, values: readonly number[]): void {
  gauge.reset()
  if (values.length === 0) return
  gauge.set({ stat: 'min' }, Math.min(...values))
  gauge.set({ stat: 'mean' }, sum(values) / values.length)
  gauge.set({ stat: 'max' }, Math.max(...values))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
