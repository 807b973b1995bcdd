// SPDX-License-Identifier: Apache-2.0
// Turns the addon's counters into the figures of the last second. The addon is asked four times a second, because the
// stall ladder needs the ages; its percentiles are over the frames since it was last asked. Pure.

import type { StreamStats } from '@nestri/protocol'
import type { NativeStats } from '../native.ts'

/** What one sample adds to: everything since the last figures were made. */
export interface FigureWindow {
  startMs: number
  framesEncoded: number
  bytesEncoded: number
  samples: readonly NativeStats[]
}

/** The counters of a session that did nothing yet. */
const NOTHING: NativeStats = {
  framesCaptured: 0,
  framesEncoded: 0,
  bytesEncoded: 0,
  encodeMsP50: 0,
  encodeMsP99: 0,
  captureToSendMsP50: 0,
  captureToSendMsP99: 0,
  drops: { capture: 0, queue: 0, encoder: 0, send: 0 },
  keyFrames: { start: 0, join: 0, pli: 0, drop: 0, request: 0, unasked: 0 },
  largestFrameBytes: 0,
  audioPackets: 0,
  inputEvents: 0,
  inputRejected: 0,
  ages: { captured: -1, encoded: -1, sent: -1 },
  eventsDropped: 0,
}

/** An empty window that starts with these counters. */
export function openWindow(nowMs: number, stats: NativeStats): FigureWindow {
  const { framesEncoded, bytesEncoded } = stats
  return { startMs: nowMs, framesEncoded, bytesEncoded, samples: [] }
}

/** The window with one more sample. */
export function addSample(window: FigureWindow, stats: NativeStats): FigureWindow {
  return { ...window, samples: [...window.samples, stats] }
}

/** The figures of a window; its last sample gives the counters. */
export function figuresOf(
  window: FigureWindow,
  { nowMs, targetBitrateKbps }: { nowMs: number; targetBitrateKbps: number },
): StreamStats {
  const last = window.samples.at(-1) ?? NOTHING
  const seconds = Math.max(0.001, (nowMs - window.startMs) / 1000)
  const per = (now: number, before: number): number => Math.max(0, now - before) / seconds
  const { framesCaptured, framesEncoded, drops, keyFrames, audioPackets, inputEvents, inputRejected } = last
  // A sample without frames reports zeros, which would pull the median down.
  const busy = window.samples.filter(({ encodeMsP99 }) => encodeMsP99 > 0)
  return {
    framesPerSecond: round(per(framesEncoded, window.framesEncoded)),
    bitrateKbps: Math.round((per(last.bytesEncoded, window.bytesEncoded) * 8) / 1000),
    targetBitrateKbps,
    encodeMsP50: round(median(busy.map(({ encodeMsP50 }) => encodeMsP50))),
    encodeMsP99: round(largest(busy.map(({ encodeMsP99 }) => encodeMsP99))),
    captureToSendMsP50: round(median(busy.map(({ captureToSendMsP50 }) => captureToSendMsP50))),
    captureToSendMsP99: round(largest(busy.map(({ captureToSendMsP99 }) => captureToSendMsP99))),
    framesCaptured,
    framesEncoded,
    drops,
    keyFrames,
    audioPackets,
    inputEvents,
    inputRejected,
  }
}

function round(value: number): number {
  return Math.max(0, Math.round(value * 100) / 100)
}

function largest(values: readonly number[]): number {
  return Math.max(0, ...values)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
