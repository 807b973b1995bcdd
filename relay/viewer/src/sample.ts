// SPDX-License-Identifier: Apache-2.0
// Figures of the last second from two readings of `RTCPeerConnection.getStats()` (W3C webrtc-stats). Pure: browsers
// leave members out, so every one is checked and a figure that cannot be known is undefined, never 0.

/** One entry of an `RTCStatsReport`, as untyped as it comes. */
export type StatsEntry = Readonly<Record<string, unknown>>

/** Counters of one moment. Times in seconds as webrtc-stats counts them. */
export interface Reading {
  /** `performance.now()` of the reading. */
  atMs: number
  /** Track and SSRC: counters of two readings are comparable only while it is the same. */
  streamId: string
  video: StatsEntry
  audio: StatsEntry | undefined
  codec: StatsEntry | undefined
  pair: StatsEntry | undefined
  local: StatsEntry | undefined
  /** Sender report of the relay: its wall clock (`remoteTimestamp`) and ours (`timestamp`). */
  remote: StatsEntry | undefined
}

/** What the page measured during the last second. Rates are per second, times in milliseconds. */
export interface ViewerFigures {
  /** Frames decoded per second. */
  fps: number | undefined
  width: number | undefined
  height: number | undefined
  /** e.g. `H264`. */
  codec: string | undefined
  decoder: string | undefined
  /** Video and audio that arrived, kbit/s. */
  bitrateKbps: number | undefined
  rttMs: number | undefined
  /** Share of the video packets lost on the way, 0..100; retransmission may have healed them. */
  lossPercent: number | undefined
  /** Variation of the packets' travel time (RFC 3550 §6.4.1). */
  jitterMs: number | undefined
  /** Mean time that a frame waited in the jitter buffer. */
  jitterBufferMs: number | undefined
  decodeMs: number | undefined
  framesDropped: number | undefined
  /** Frames dropped per second. */
  droppedFps: number | undefined
  /** Key frames since the stream began. */
  keyFrames: number | undefined
  freezes: number | undefined
  framesDecoded: number | undefined
  packetsReceived: number | undefined
  pliCount: number | undefined
  nackCount: number | undefined
  /** Way of the media: `udp` or `tcp`. */
  protocol: string | undefined
  /** Energy of the sound since the stream began (webrtc-stats totalAudioEnergy). */
  audioEnergy: number | undefined
}

/** Picks what belongs to the video track `trackId` from a report, or undefined before its first packet. */
export function readReport(
  entries: Iterable<StatsEntry>,
  options: { trackId: string; atMs: number },
): Reading | undefined {
  const all = [...entries]
  const byId = (id: unknown): StatsEntry | undefined => all.find((entry) => entry['id'] === id)
  const inbound = all.filter((entry) => entry['type'] === 'inbound-rtp')
  // A replaced producer may leave the entry of its SSRC behind: the one that packets come for is meant.
  const video = inbound
    .filter((entry) => entry['kind'] === 'video' && entry['trackIdentifier'] === options.trackId)
    .toSorted(
      (a, b) => (count(b, 'lastPacketReceivedTimestamp') ?? 0) - (count(a, 'lastPacketReceivedTimestamp') ?? 0),
    )[0]
  if (video === undefined) return undefined
  const transport = byId(video['transportId'])
  const pair =
    byId(transport?.['selectedCandidatePairId']) ??
    all.find((entry) => entry['type'] === 'candidate-pair' && entry['nominated'] === true)
  const audio = inbound.filter((entry) => entry['kind'] === 'audio')
  return {
    atMs: options.atMs,
    streamId: `${options.trackId} ${count(video, 'ssrc') ?? ''}`,
    video,
    audio: audio.toSorted((a, b) => (count(b, 'packetsReceived') ?? 0) - (count(a, 'packetsReceived') ?? 0))[0],
    codec: byId(video['codecId']),
    pair,
    local: byId(pair?.['localCandidateId']),
    remote: byId(video['remoteId']),
  }
}

/** Figures of the time between two readings of the same track. */
export function figuresBetween(before: Reading, after: Reading): ViewerFigures {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000)
  const { video } = after
  const delta = (name: string): number | undefined => difference(before.video, video, name)
  const perSecond = (name: string): number | undefined => divide(delta(name), seconds)
  const lost = delta('packetsLost')
  const received = delta('packetsReceived')
  const bytes = (delta('bytesReceived') ?? 0) + (difference(before.audio, after.audio, 'bytesReceived') ?? 0)
  const rttSeconds = count(after.pair, 'currentRoundTripTime')
  return {
    fps: perSecond('framesDecoded'),
    width: count(video, 'frameWidth'),
    height: count(video, 'frameHeight'),
    codec: word(after.codec, 'mimeType')?.replace(/^video\//i, ''),
    decoder: word(video, 'decoderImplementation'),
    bitrateKbps: (bytes * 8) / 1000 / seconds,
    rttMs: times1000(rttSeconds),
    lossPercent:
      lost === undefined || received === undefined || lost + received <= 0
        ? undefined
        : (100 * Math.max(0, lost)) / Math.max(1, Math.max(0, lost) + received),
    jitterMs: times1000(count(video, 'jitter')),
    jitterBufferMs: times1000(divide(delta('jitterBufferDelay'), delta('jitterBufferEmittedCount'))),
    decodeMs: times1000(divide(delta('totalDecodeTime'), delta('framesDecoded'))),
    framesDropped: count(video, 'framesDropped'),
    droppedFps: perSecond('framesDropped'),
    keyFrames: count(video, 'keyFramesDecoded'),
    freezes: count(video, 'freezeCount'),
    framesDecoded: count(video, 'framesDecoded'),
    packetsReceived: count(video, 'packetsReceived'),
    pliCount: count(video, 'pliCount'),
    nackCount: count(video, 'nackCount'),
    protocol: word(after.local, 'protocol'),
    audioEnergy: count(after.audio, 'totalAudioEnergy'),
  }
}

/** Reports that an estimate looks back on: about half a minute. */
const CLOCK_SAMPLES = 30

/**
 * Estimates how far the local Unix clock is ahead of the relay's, from the relay's RTCP sender reports (RFC 3550 §6.4.1):
 * the report that was least delayed on its way counts, less half of the shortest round trip.
 */
export class RelayClock {
  readonly #samples: { aheadMs: number; rttMs: number }[] = []
  #lastRemoteMs = 0

  /** `unixSkewMs` = what to add to stats timestamps to get `Date.now()` time (both are Unix, but only one is stepped). */
  add(reading: Reading, unixSkewMs: number): void {
    const remoteMs = count(reading.remote, 'remoteTimestamp')
    const localMs = count(reading.remote, 'timestamp')
    const rttMs = times1000(count(reading.pair, 'currentRoundTripTime'))
    if (remoteMs === undefined || localMs === undefined || rttMs === undefined || remoteMs === this.#lastRemoteMs)
      return
    this.#lastRemoteMs = remoteMs
    this.#samples.push({ aheadMs: localMs + unixSkewMs - remoteMs, rttMs })
    if (this.#samples.length > CLOCK_SAMPLES) this.#samples.shift()
  }

  /**
   * Milliseconds that the local clock is ahead; undefined before the first report. 0 where the difference could as well
   * be the way of the report: clocks that are set by NTP, or are the same one, agree.
   */
  get aheadMs(): number | undefined {
    if (this.#samples.length === 0) return undefined
    const aheadMs = Math.min(...this.#samples.map((sample) => sample.aheadMs)) - this.uncertaintyMs
    return Math.abs(aheadMs) <= this.uncertaintyMs + AGREE_MS ? 0 : aheadMs
  }

  /** Half a round trip: how wrong the estimate may be. */
  get uncertaintyMs(): number {
    return this.#samples.length === 0 ? 0 : Math.min(...this.#samples.map(({ rttMs }) => rttMs)) / 2
  }
}

/** Both timestamps are rounded to milliseconds somewhere on their way. */
const AGREE_MS = 1

function count(entry: StatsEntry | undefined, name: string): number | undefined {
  const value = entry?.[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function word(entry: StatsEntry | undefined, name: string): string | undefined {
  const value = entry?.[name]
  return typeof value === 'string' ? value : undefined
}

function difference(before: StatsEntry | undefined, after: StatsEntry | undefined, name: string): number | undefined {
  const now = count(after, name)
  return now === undefined ? undefined : now - (count(before, name) ?? 0)
}

function divide(value: number | undefined, by: number | undefined): number | undefined {
  return value === undefined || by === undefined || by <= 0 ? undefined : value / by
}

function times1000(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
