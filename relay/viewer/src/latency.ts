// SPDX-License-Identifier: Apache-2.0
// Joins what is known about single frames by their RTP timestamp: when the room captured it (abs-capture-time, told per
// packet), when this page presented it, and which input it is the first to show (the runner's echo). Pure; times are
// milliseconds of one local clock (`performance.now()`) unless a name says otherwise.

import type { FrameEcho } from '@nestri/protocol'

/** Video RTP clock, Hz (RFC 6184 §5.1, RFC 7741 §4.1). */
const VIDEO_CLOCK_HZ = 90_000
/** Milliseconds from the NTP era (1900) to the Unix epoch (RFC 5905 §6). */
const NTP_TO_UNIX_MS = 2_208_988_800_000
/** Frames, inputs and results that are remembered: 5 s at 120 fps. */
const REMEMBERED = 600
/** A jump of the timestamps by more than this is another stream; a frame later than this after an echo is not its own. */
const MAX_JUMP_MS = 2_000
/** A capture time further away from a frame than this says nothing about it: the stream was replaced. */
const MAX_GAP_MS = 1_000
/** An echo whose frame never shows (dropped, hidden tab) is forgotten then. */
const ECHO_LIFETIME_MS = 2_000
/** Results outside are clock errors, not latencies. */
const MAX_PLAUSIBLE_MS = 10_000

/** What a packet tells about the capture of its frame (`RTCRtpContributingSource` with its webrtc-extensions members). */
export interface CaptureReport {
  rtpTimestamp: number
  /** NTP milliseconds on the clock of the capturing machine. */
  captureTimestamp: number
  /** Capture clock minus the sender's clock (the relay's), milliseconds; undefined where the sender told none. */
  senderCaptureTimeOffset?: number | undefined
}

/** One presented frame (`VideoFrameCallbackMetadata`). */
export interface PresentedFrame {
  rtpTimestamp: number
  /** When its light leaves the screen, as far as the browser can tell. */
  presentedAtMs: number
}

/** An input that was seen in a picture. */
export interface PhotonResult {
  seq: number
  rtpTimestamp: number
  /** From the browser's event to the picture that shows its effect. */
  inputToPhotonMs: number
}

/** Clocks that turn a capture time into a local one. */
export interface Clocks {
  /** Unix time minus `performance.now()`. */
  unixOffsetMs: number
  /** Local Unix clock minus the relay's; undefined while it is not known. Then the clocks are taken for equal. */
  relayOffsetMs?: number | undefined
}

/** Signed distance a - b of two RTP timestamps in milliseconds, over the 32 bit wrap-around. */
export function rtpDistanceMs(a: number, b: number): number {
  return ((a - b) | 0) / (VIDEO_CLOCK_HZ / 1000)
}

/** Milliseconds from capture to presentation, or undefined where the capture time does not belong to the frame. */
export function glassToGlassMs(frame: PresentedFrame, capture: CaptureReport, clocks: Clocks): number | undefined {
  const gapMs = rtpDistanceMs(capture.rtpTimestamp, frame.rtpTimestamp)
  if (Math.abs(gapMs) > MAX_GAP_MS) return undefined
  const onRelayMs = capture.captureTimestamp - NTP_TO_UNIX_MS - (capture.senderCaptureTimeOffset ?? 0)
  const capturedUnixMs = onRelayMs + (clocks.relayOffsetMs ?? 0) - gapMs
  const latencyMs = frame.presentedAtMs + clocks.unixOffsetMs - capturedUnixMs
  return latencyMs >= 0 && latencyMs < MAX_PLAUSIBLE_MS ? latencyMs : undefined
}

/** Collects inputs, echoes, frames and capture reports in any order and yields latencies. */
export class LatencyJoin {
  readonly #inputs = new Map<number, number>()
  readonly #frames: PresentedFrame[] = []
  #echoes: (FrameEcho & { atMs: number })[] = []
  readonly #captures: CaptureReport[] = []
  readonly #glass: number[] = []
  readonly #photons: PhotonResult[] = []

  /** The player did input `seq` at `atMs`. */
  addInput(seq: number, atMs: number): void {
    this.#inputs.set(seq, atMs)
    const oldest = this.#inputs.keys().next()
    if (this.#inputs.size > REMEMBERED && oldest.done !== true) this.#inputs.delete(oldest.value)
  }

  /** The runner says which frame shows input `seq`; it may come before or after the frame itself. */
  addEcho(echo: FrameEcho, atMs: number): PhotonResult | undefined {
    if (!this.#inputs.has(echo.seq)) return undefined
    const shown = this.#frames.find((frame) => shows(frame, echo))
    if (shown !== undefined) return this.#finish(echo, shown)
    this.#echoes = this.#echoes.filter((waiting) => atMs - waiting.atMs < ECHO_LIFETIME_MS)
    this.#echoes.push({ ...echo, atMs })
    return undefined
  }

  /** A packet's capture time became known. */
  addCapture(report: CaptureReport): void {
    const last = this.#captures.at(-1)
    if (last?.rtpTimestamp !== report.rtpTimestamp) remember(this.#captures, report)
  }

  /** A frame was presented. Returns its glass-to-glass latency where it is known, and the inputs that it shows first. */
  addFrame(frame: PresentedFrame, clocks: Clocks): { glassMs: number | undefined; photons: PhotonResult[] } {
    const last = this.#frames.at(-1)
    // An encoder that was restarted counts from elsewhere, on the same track.
    if (last !== undefined && Math.abs(rtpDistanceMs(frame.rtpTimestamp, last.rtpTimestamp)) > MAX_JUMP_MS)
      this.restart()
    remember(this.#frames, frame)
    const glassMs = this.#glassOf(frame, clocks)
    if (glassMs !== undefined) remember(this.#glass, glassMs)
    const shown = this.#echoes.filter((echo) => shows(frame, echo))
    this.#echoes = this.#echoes.filter((echo) => !shown.includes(echo))
    return { glassMs, photons: shown.flatMap((echo) => this.#finish(echo, frame) ?? []) }
  }

  /** The stream was replaced: RTP timestamps start anew. Results are kept. */
  restart(): void {
    this.#frames.length = 0
    this.#captures.length = 0
    this.#echoes = []
  }

  /** Latest glass-to-glass latencies, oldest first. */
  get glass(): readonly number[] {
    return this.#glass
  }

  /** Latest inputs that were seen in a picture, oldest first. */
  get photons(): readonly PhotonResult[] {
    return this.#photons
  }

  #glassOf(frame: PresentedFrame, clocks: Clocks): number | undefined {
    const exact = this.#captures.findLast((report) => report.rtpTimestamp === frame.rtpTimestamp)
    // Without the frame's own report a neighbour's is moved by the distance of the timestamps: same clock, same rate.
    const report = exact ?? this.#captures.at(-1)
    return report === undefined ? undefined : glassToGlassMs(frame, report, clocks)
  }

  #finish(echo: FrameEcho, frame: PresentedFrame): PhotonResult | undefined {
    const atMs = this.#inputs.get(echo.seq)
    if (atMs === undefined) return undefined
    this.#inputs.delete(echo.seq)
    const inputToPhotonMs = frame.presentedAtMs - atMs
    if (inputToPhotonMs < 0 || inputToPhotonMs > MAX_PLAUSIBLE_MS) return undefined
    const result = { seq: echo.seq, rtpTimestamp: echo.rtpTimestamp, inputToPhotonMs }
    remember(this.#photons, result)
    return result
  }
}

/** Whether `frame` is the echoed one or a later one of the same stream. */
function shows(frame: PresentedFrame, echo: FrameEcho): boolean {
  const laterMs = rtpDistanceMs(frame.rtpTimestamp, echo.rtpTimestamp)
  return laterMs >= 0 && laterMs < MAX_JUMP_MS
}

/** The value below which `fraction` (0..1) of `values` lie, or undefined without values. */
export function percentile(values: readonly number[], fraction: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))]
}

function remember<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > REMEMBERED) list.shift()
}
