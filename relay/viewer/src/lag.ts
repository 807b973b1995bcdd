// SPDX-License-Identifier: Apache-2.0
// Says in plain words why a game feels slow. Pure: the figures of the last seconds in, one cause out. Causes are asked in
// the order in which one hides the next: a lossy network also fills the jitter buffer, a starved decoder also drops.

/** Figures of one second; undefined = not known. */
export interface LagFigures {
  /** The tab is not visible: browsers throttle it. */
  hidden: boolean
  /** Frames decoded here. */
  fps: number | undefined
  /** Frames per second that the room sends. */
  sentFps: number | undefined
  lossPercent: number | undefined
  rttMs: number | undefined
  jitterMs: number | undefined
  jitterBufferMs: number | undefined
  decodeMs: number | undefined
  /** Frames per second that this browser threw away. */
  droppedFps: number | undefined
  /** Encode time of the room's encoder. */
  encodeMsP50: number | undefined
  /** Frames per second that the room dropped before or in the encoder. */
  encoderDropsFps: number | undefined
  targetBitrateKbps: number | undefined
  /** Input that waits in this page, bytes. */
  inputBacklogBytes: number
}

export type LagCause =
  | 'none'
  | 'unknown'
  | 'background'
  | 'loss'
  | 'rtt'
  | 'input'
  | 'decoder'
  | 'encoder'
  | 'jitter'
  | 'game'
  | 'bitrate'

export interface Lag {
  cause: LagCause
  /** One or two sentences for the player. */
  text: string
}

/** From here on a figure is felt in a game. */
export const LAG_LIMITS = {
  lossPercent: 1,
  rttMs: 75,
  jitterMs: 12,
  jitterBufferMs: 20,
  inputBacklogBytes: 2_048,
  /** Share of the frame interval that decoding or encoding may take. */
  intervalShare: 0.9,
  /** Share of the frames that may be dropped. */
  dropShare: 0.05,
  /** Share of the best frame rate below which a game counts as slow. */
  fpsShare: 0.8,
  /** Share of the best target bitrate below which the relay counts as having lowered it. */
  bitrateShare: 0.7,
} as const

/** Seconds that a cause must show in: the median of them is judged, so that one bad second alone is no cause. */
const JUDGED_SECONDS = 3

/** Judges the last seconds. `history` is oldest first, one entry per second; a minute of it is enough. */
export function lagCause(history: readonly LagFigures[]): Lag {
  const last = history.at(-1)
  if (last === undefined) return lag('unknown', 'Measuring.')
  if (last.hidden) return lag('background', 'This tab is in the background, so the browser slows it down.')
  const now = medians(history.filter((figures) => !figures.hidden).slice(-JUDGED_SECONDS))
  if (now.fps === undefined) return lag('unknown', 'Measuring.')
  return (
    networkLoss(now) ??
    roundTrip(now) ??
    inputBacklog(now) ??
    slowDecoder(now) ??
    slowEncoder(now) ??
    jitter(now) ??
    slowGame(now, history) ??
    loweredBitrate(now, history) ??
    lag('none', 'Everything runs as it should.')
  )
}

type Medians = { [K in Exclude<keyof LagFigures, 'hidden'>]: number | undefined }

function networkLoss(now: Medians): Lag | undefined {
  if (!above(now.lossPercent, LAG_LIMITS.lossPercent)) return undefined
  return lag(
    'loss',
    `The network loses packets: ${round(now.lossPercent, 1)} % do not arrive. Use a cable or better Wi-Fi.`,
  )
}

function roundTrip(now: Medians): Lag | undefined {
  if (!above(now.rttMs, LAG_LIMITS.rttMs)) return undefined
  return lag(
    'rtt',
    `The way to the relay is long: ${round(now.rttMs)} ms there and back. A nearer relay or no VPN helps.`,
  )
}

function inputBacklog(now: Medians): Lag | undefined {
  if (!above(now.inputBacklogBytes, LAG_LIMITS.inputBacklogBytes)) return undefined
  return lag('input', 'Your input waits in this browser: the upload is full or interrupted.')
}

function slowDecoder(now: Medians): Lag | undefined {
  const fps = Math.max(now.sentFps ?? 0, now.fps ?? 0)
  const slow = above(now.decodeMs, (1000 / Math.max(fps, 1)) * LAG_LIMITS.intervalShare)
  if (!slow && !above(now.droppedFps, Math.max(1, fps * LAG_LIMITS.dropShare))) return undefined
  const figure = slow ? `${round(now.decodeMs, 1)} ms per frame` : `${round(now.droppedFps)} frames a second dropped`
  return lag('decoder', `This device decodes too slowly: ${figure}. Close other programs or ask for a smaller picture.`)
}

function slowEncoder(now: Medians): Lag | undefined {
  const fps = Math.max(now.sentFps ?? 0, 1)
  const slow = above(now.encodeMsP50, (1000 / fps) * LAG_LIMITS.intervalShare)
  if (!slow && !above(now.encoderDropsFps, Math.max(1, fps * LAG_LIMITS.dropShare))) return undefined
  if (!slow) {
    const dropped = round(now.encoderDropsFps)
    return lag(
      'encoder',
      `The room's machine is too busy: ${dropped} frames a second are dropped before they are encoded.`,
    )
  }
  const perFrame = round(now.encodeMsP50, 1)
  return lag('encoder', `The room's encoder is too slow: ${perFrame} ms per frame. A GPU or a smaller picture helps.`)
}

function jitter(now: Medians): Lag | undefined {
  if (above(now.jitterMs, LAG_LIMITS.jitterMs)) {
    return lag(
      'jitter',
      `The network is uneven: packets vary by ${round(now.jitterMs)} ms. Use a cable or better Wi-Fi.`,
    )
  }
  if (!above(now.jitterBufferMs, LAG_LIMITS.jitterBufferMs)) return undefined
  return lag('jitter', `Frames wait ${round(now.jitterBufferMs)} ms in the jitter buffer because they arrive unevenly.`)
}

function slowGame(now: Medians, history: readonly LagFigures[]): Lag | undefined {
  const best = highest(history.map((figures) => figures.sentFps))
  if (best === undefined || now.sentFps === undefined || now.sentFps >= best * LAG_LIMITS.fpsShare) return undefined
  return lag(
    'game',
    `The game itself is slow: ${round(now.sentFps)} frames a second come from it, it was ${round(best)}.`,
  )
}

function loweredBitrate(now: Medians, history: readonly LagFigures[]): Lag | undefined {
  const best = highest(history.map((figures) => figures.targetBitrateKbps))
  const target = now.targetBitrateKbps
  if (best === undefined || target === undefined || target >= best * LAG_LIMITS.bitrateShare) return undefined
  return lag(
    'bitrate',
    `The relay lowered the picture's bitrate to ${round(target / 1000, 1)} Mbit/s to fit the player's link.`,
  )
}

function medians(seconds: readonly LagFigures[]): Medians {
  const median = (name: keyof Medians): number | undefined => {
    const values = seconds.flatMap((figures) => figures[name] ?? []).toSorted((a, b) => a - b)
    return values[Math.floor((values.length - 1) / 2)]
  }
  return {
    fps: median('fps'),
    sentFps: median('sentFps'),
    lossPercent: median('lossPercent'),
    rttMs: median('rttMs'),
    jitterMs: median('jitterMs'),
    jitterBufferMs: median('jitterBufferMs'),
    decodeMs: median('decodeMs'),
    droppedFps: median('droppedFps'),
    encodeMsP50: median('encodeMsP50'),
    encoderDropsFps: median('encoderDropsFps'),
    targetBitrateKbps: median('targetBitrateKbps'),
    inputBacklogBytes: median('inputBacklogBytes'),
  }
}

function above(value: number | undefined, limit: number): boolean {
  return value !== undefined && value >= limit
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

function round(value: number | undefined, digits = 0): string {
  return (value ?? 0).toFixed(digits)
}

function lag(cause: LagCause, text: string): Lag {
  return { cause, text }
}
