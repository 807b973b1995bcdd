// SPDX-License-Identifier: Apache-2.0
// Measures once a second: the browser's counters, the room's own figures and the joined latencies become one sample.
// Collecting only; what figures mean is in sample.ts, latency.ts and lag.ts.

import type { EncoderFacts, FrameEcho, StreamStats } from '@nestri/protocol'
import { type Lag, lagCause, type LagFigures } from './lag.ts'
import { type CaptureReport, LatencyJoin, percentile } from './latency.ts'
import { figuresBetween, type Reading, readReport, RelayClock, type StatsEntry, type ViewerFigures } from './sample.ts'

const INTERVAL_MS = 1_000
/** Seconds of figures that graphs and the lag judge look back on. */
export const HISTORY_SECONDS = 60

/** A latency of the last seconds, in milliseconds; `n` = number of frames or inputs that it is from. */
export interface Latency {
  p50: number
  p95: number
  n: number
}

/** Everything that the page knows about one second. `undefined` = not known in this browser or not yet. */
export interface ViewerSample extends ViewerFigures {
  /** `performance.now()`. */
  atMs: number
  hidden: boolean
  /** Capture in the room to the screen here. Clocks of two machines are in it: see `clock`. */
  glassToGlassMs: Latency | undefined
  /** The browser's input event to the first picture that shows its effect. Local clock only. */
  inputToPhotonMs: Latency | undefined
  /** How far the local clock is ahead of the relay's, and how wrong that may be; undefined: taken for equal. */
  clock: { aheadMs: number; uncertaintyMs: number } | undefined
  inputBacklogBytes: number
  room: { players: number; spectators: number; encoder: EncoderFacts | null; stats: StreamStats | null } | undefined
  lag: Lag
}

/** What is measured; asked anew each second, because connections are replaced. */
export interface StatsSource {
  connection: () => { pc: RTCPeerConnection; track: MediaStreamTrack } | undefined
  backlogBytes: () => number
}

interface CaptureSource {
  rtpTimestamp: number
  captureTimestamp?: number
  senderCaptureTimeOffset?: number
}

/** Collects samples; `onSample` gets the newest first in time order. */
export class StatsCollector {
  readonly join: LatencyJoin = new LatencyJoin()
  readonly #source: StatsSource
  readonly #onSample: (sample: ViewerSample) => void
  readonly #history: ViewerSample[] = []
  #relayClock = new RelayClock()
  #reading: Reading | undefined
  #room: ViewerSample['room']
  #roomDrops: { at: number; count: number; perSecond: number } | undefined
  #glassSeen = 0
  #busy = false

  constructor(source: StatsSource, onSample: (sample: ViewerSample) => void) {
    this.#source = source
    this.#onSample = onSample
  }

  start(): void {
    setInterval(() => {
      if (!this.#busy) void this.#collect()
    }, INTERVAL_MS)
  }

  get history(): readonly ViewerSample[] {
    return this.#history
  }

  /** The relay's `room-stats`. */
  setRoom(room: NonNullable<ViewerSample['room']>): void {
    const drops = room.stats?.drops
    const count = drops === undefined ? 0 : drops.queue + drops.encoder
    const at = performance.now()
    const before = this.#roomDrops
    const seconds = before === undefined ? 0 : (at - before.at) / 1000
    const perSecond = before === undefined || seconds <= 0 ? 0 : Math.max(0, count - before.count) / seconds
    this.#roomDrops = { at, count, perSecond }
    this.#room = room
  }

  /** The runner's echo of an input. */
  addEcho(echo: FrameEcho, atMs: number): void {
    this.join.addEcho(echo, atMs)
  }

  /** A frame was presented. */
  addFrame(metadata: VideoFrameCallbackMetadata): void {
    if (metadata.rtpTimestamp === undefined) return
    const source = this.#source.connection()
    if (source !== undefined) for (const report of captureReports(source)) this.join.addCapture(report)
    const frame = { rtpTimestamp: metadata.rtpTimestamp, presentedAtMs: metadata.expectedDisplayTime }
    const unixOffsetMs = Date.now() - performance.now()
    const { glassMs } = this.join.addFrame(frame, { unixOffsetMs, relayOffsetMs: this.#relayClock.aheadMs })
    if (glassMs !== undefined) this.#glassSeen += 1
  }

  /** Another stream is shown: counters and timestamps start anew. */
  restart(): void {
    this.join.restart()
    this.#relayClock = new RelayClock()
    this.#reading = undefined
  }

  async #collect(): Promise<void> {
    this.#busy = true
    try {
      const source = this.#source.connection()
      const report = source === undefined ? undefined : await source.pc.getStats()
      const entries: StatsEntry[] = []
      report?.forEach((entry: StatsEntry) => entries.push(entry))
      const atMs = performance.now()
      const reading = source && readReport(entries, { trackId: source.track.id, atMs })
      const before = this.#reading
      this.#reading = reading
      if (reading === undefined || before?.streamId !== reading.streamId) return
      this.#relayClock.add(reading, Date.now() - (performance.timeOrigin + performance.now()))
      this.#publish(figuresBetween(before, reading), atMs)
    } finally {
      this.#busy = false
    }
  }

  #publish(figures: ViewerFigures, atMs: number): void {
    const { aheadMs, uncertaintyMs } = this.#relayClock
    const measured = {
      ...figures,
      atMs,
      hidden: document.visibilityState === 'hidden',
      glassToGlassMs: latency(this.#glassSeen === 0 ? [] : this.join.glass.slice(-this.#glassSeen)),
      inputToPhotonMs: latency(this.join.photons.slice(-20).map((photon) => photon.inputToPhotonMs)),
      clock: aheadMs === undefined ? undefined : { aheadMs, uncertaintyMs },
      inputBacklogBytes: this.#source.backlogBytes(),
      room: this.#room,
    }
    this.#glassSeen = 0
    const history = [...this.#history.map((sample) => this.#lagFigures(sample)), this.#lagFigures(measured)]
    const sample: ViewerSample = { ...measured, lag: lagCause(history) }
    this.#history.push(sample)
    if (this.#history.length > HISTORY_SECONDS) this.#history.shift()
    this.#onSample(sample)
  }

  #lagFigures(sample: Omit<ViewerSample, 'lag'>): LagFigures {
    const stats = sample.room?.stats ?? undefined
    return {
      hidden: sample.hidden,
      fps: sample.fps,
      sentFps: stats?.framesPerSecond,
      lossPercent: sample.lossPercent,
      rttMs: sample.rttMs,
      jitterMs: sample.jitterMs,
      jitterBufferMs: sample.jitterBufferMs,
      decodeMs: sample.decodeMs,
      droppedFps: sample.droppedFps,
      encodeMsP50: stats?.encodeMsP50,
      encoderDropsFps: this.#roomDrops?.perSecond,
      targetBitrateKbps: stats?.targetBitrateKbps,
      inputBacklogBytes: sample.inputBacklogBytes,
    }
  }
}

function captureReports(source: { pc: RTCPeerConnection; track: MediaStreamTrack }): CaptureReport[] {
  const receiver = source.pc.getReceivers().find(({ track }) => track === source.track)
  const sources: CaptureSource[] = receiver?.getSynchronizationSources() ?? []
  return sources.flatMap(({ rtpTimestamp, captureTimestamp, senderCaptureTimeOffset }) =>
    captureTimestamp === undefined ? [] : { rtpTimestamp, captureTimestamp, senderCaptureTimeOffset },
  )
}

function latency(values: readonly number[]): Latency | undefined {
  const p50 = percentile(values, 0.5)
  const p95 = percentile(values, 0.95)
  return p50 === undefined || p95 === undefined ? undefined : { p50, p95, n: values.length }
}
