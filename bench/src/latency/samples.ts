// SPDX-License-Identifier: Apache-2.0
// Turns what the page presented and what the tap saw into samples of latency. Pure.

import { clockAgeMs } from '@nestri/protocol'
import type { TappedFrame } from '../support/tap.ts'
import type { PresentedFrame } from './page-reader.ts'

/** Drawn to presented, in ms, of every frame whose clock could be read. */
export function glassToGlassMs(frames: readonly PresentedFrame[]): number[] {
  return frames.flatMap(({ clock, presentedMs }) => (clock === undefined ? [] : [clockAgeMs(clock, presentedMs)]))
}

/** Number of presses that a value of the input row counts. */
export function pressesOf(input: number): number {
  return input % 2 ** 24
}

/**
 * Key event to the first presented frame that shows it, in ms. Presses are counted: the k-th key is shown by the first
 * frame whose count is at least k above the count before the first key.
 */
export function inputToPhotonMs(keysMs: readonly number[], frames: readonly PresentedFrame[]): number[] {
  const seen = frames.flatMap(({ input, presentedMs }) =>
    input === undefined ? [] : [{ presses: pressesOf(input), presentedMs }],
  )
  const [first] = seen
  if (first === undefined) return []
  return keysMs.flatMap((keyMs, i) => {
    const shown = seen.find(({ presses }) => (presses - first.presses + 2 ** 24) % 2 ** 24 >= i + 1)
    return shown === undefined || shown.presentedMs < keyMs ? [] : [shown.presentedMs - keyMs]
  })
}

/** Captured to last packet on the wire, in ms, of every frame that came into the relay. */
export function captureToRtpMs(tapped: readonly TappedFrame[], payloadType: number): number[] {
  return tapped.flatMap(({ direction, payloadType: type, captureMs, lastMs }) =>
    direction === 'in' && type === payloadType && captureMs !== undefined ? [lastMs - captureMs] : [],
  )
}

/** Consecutive parts of the way of each frame, in ms. */
export interface Stages {
  drawnToCaptured: number[]
  capturedToSent: number[]
  relay: number[]
  /** Last packet out of the relay until the decoded frame is handed to the browser's compositor. */
  receivedToDecoded: number[]
  decodedToPresented: number[]
}

/** Joins presented and tapped frames by RTP timestamp; frames that lack a part are left out. */
export function stagesMs(
  frames: readonly PresentedFrame[],
  tapped: readonly TappedFrame[],
  payloadType: number,
): Stages {
  const find = (direction: 'in' | 'out'): Map<number, TappedFrame> =>
    new Map(
      tapped
        .filter((frame) => frame.direction === direction && (direction === 'out' || frame.payloadType === payloadType))
        .map((frame) => [frame.rtpTimestamp, frame]),
    )
  const [into, out] = [find('in'), find('out')]
  const stages: Stages = {
    drawnToCaptured: [],
    capturedToSent: [],
    relay: [],
    receivedToDecoded: [],
    decodedToPresented: [],
  }
  for (const { rtpTimestamp, clock, composedMs, presentedMs } of frames) {
    if (rtpTimestamp === undefined || clock === undefined) continue
    const [sent, forwarded] = [into.get(rtpTimestamp), out.get(rtpTimestamp)]
    if (sent?.captureMs === undefined || forwarded === undefined) continue
    stages.drawnToCaptured.push(clockAgeMs(clock, sent.captureMs))
    stages.capturedToSent.push(sent.lastMs - sent.captureMs)
    stages.relay.push(forwarded.lastMs - sent.lastMs)
    stages.receivedToDecoded.push(composedMs - forwarded.lastMs)
    stages.decodedToPresented.push(presentedMs - composedMs)
  }
  return stages
}

/** SRTP's tag with AES128_CM_SHA1_80, the only suite of GStreamer's DTLS. */
const INGEST_TAG_BYTES = 10

/** Video in Mbit/s (RTP payload only) that came into the relay within [fromMs, fromMs + lengthMs). */
export function ingestMbps(
  tapped: readonly TappedFrame[],
  payloadType: number,
  { fromMs, lengthMs }: { fromMs: number; lengthMs: number },
): number {
  const bits = tapped
    .filter(
      ({ direction, payloadType: type, lastMs }) =>
        direction === 'in' && type === payloadType && lastMs >= fromMs && lastMs < fromMs + lengthMs,
    )
    .reduce((sum, { bytes, packets }) => sum + 8 * (bytes - packets * INGEST_TAG_BYTES), 0)
  return bits / lengthMs / 1000
}
