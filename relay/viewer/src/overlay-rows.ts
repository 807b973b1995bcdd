// SPDX-License-Identifier: Apache-2.0
// What the stats overlay says: from a sample to rows of words and figures, in the order in which a player asks. Pure.

import type { Latency, ViewerSample } from './stats.ts'

/** One line of the overlay. */
export interface OverlayRow {
  label: string
  value: string
  /** Longer explanation. */
  title: string
  /** Whether the explanation is part of the answer and stands under the figure; else it is shown on hover. */
  explained: boolean
}

/** Rows that have a graph, with the figure that it shows and the least top of its scale. */
export const GRAPHS: readonly {
  label: string
  ceiling: number
  value: (sample: ViewerSample) => number | undefined
}[] = [
  { label: 'Frames', ceiling: 60, value: (sample) => sample.fps },
  { label: 'Bitrate', ceiling: 2_000, value: (sample) => sample.bitrateKbps },
  { label: 'Round trip', ceiling: 20, value: (sample) => sample.rttMs },
  { label: 'Glass to glass', ceiling: 40, value: (sample) => sample.glassToGlassMs?.p50 },
  { label: 'Input to photon', ceiling: 60, value: (sample) => sample.inputToPhotonMs?.p50 },
]

const UNKNOWN = '–'

/** Rows for a sample. */
export function overlayRows(sample: ViewerSample): OverlayRow[] {
  const stats = sample.room?.stats
  const encoder = sample.room?.encoder
  return [
    row('Frames', perSecond(sample.fps), `Decoded here; the room sends ${perSecond(stats?.framesPerSecond)}`),
    row('Picture', picture(sample), `Decoded by ${sample.decoder ?? 'an unknown decoder'}`),
    row(
      'Encoder',
      encoder == null ? UNKNOWN : `${encoder.name} (${encoder.type}), ${ms(stats?.encodeMsP50)}`,
      encoderReason(sample),
      true,
    ),
    row(
      'Bitrate',
      `${mega(sample.bitrateKbps)} of ${mega(stats?.targetBitrateKbps)} Mbit/s`,
      'Arrived, and the target of the encoder',
    ),
    row('Round trip', ms(sample.rttMs), `To the relay and back, over ${sample.protocol ?? 'an unknown protocol'}`),
    row('Loss', percent(sample.lossPercent), 'Packets lost on the way; most are sent again'),
    row('Jitter buffer', ms(sample.jitterBufferMs), `Packets vary by ${ms(sample.jitterMs)}`),
    row('Decode', ms(sample.decodeMs), 'Mean time per frame'),
    row('Glass to glass', latency(sample.glassToGlassMs), clockNote(sample), true),
    row('Input to photon', latency(sample.inputToPhotonMs), 'From your input to the first picture that shows it'),
    row('Dropped', count(sample.framesDropped), 'Frames that arrived here but were not shown'),
    row('Key frames', count(sample.keyFrames), 'Whole pictures since the stream began; made only on request'),
  ]
}

/** How the capture time of another machine was brought to the local clock. */
export function clockNote(sample: ViewerSample): string {
  const { clock } = sample
  if (sample.glassToGlassMs === undefined) return 'This browser does not tell the capture time'
  if (clock === undefined) return 'Capture to screen; the clocks of both machines are taken for equal'
  if (clock.aheadMs === 0) return `Capture to screen; the clocks agree to ± ${ms(clock.uncertaintyMs)}`
  const side = clock.aheadMs < 0 ? 'behind' : 'ahead of'
  return `Capture to screen; this clock is ${ms(Math.abs(clock.aheadMs))} ${side} the relay's, ± ${ms(clock.uncertaintyMs)}`
}

function encoderReason(sample: ViewerSample): string {
  const encoder = sample.room?.encoder
  if (encoder == null) return 'The room has not told its encoder yet'
  if (encoder.fallbackReason !== '') return encoder.fallbackReason
  const [first] = encoder.rejected
  if (first === undefined) return `The best encoder for ${encoder.codec} here`
  return first.reason.includes(first.name) ? first.reason : `${first.name}: ${first.reason}`
}

function picture(sample: ViewerSample): string {
  if (sample.width === undefined || sample.height === undefined) return UNKNOWN
  return `${sample.width}×${sample.height} ${sample.codec ?? ''}`.trim()
}

function latency(value: Latency | undefined): string {
  return value === undefined ? UNKNOWN : `${value.p50.toFixed(0)} ms, p95 ${value.p95.toFixed(0)}`
}

function ms(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(value < 10 ? 1 : 0)} ms`
}

function mega(kilo: number | undefined): string {
  return kilo === undefined ? UNKNOWN : (kilo / 1000).toFixed(1)
}

function perSecond(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(0)} fps`
}

function percent(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(1)} %`
}

function count(value: number | undefined): string {
  return value === undefined ? UNKNOWN : String(value)
}

function row(label: string, value: string, title: string, explained = false): OverlayRow {
  return { label, value, title, explained }
}
