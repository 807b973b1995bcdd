// SPDX-License-Identifier: Apache-2.0
// What a record about an encoder says. Encoders are described by data, never recognised by property names: the same name
// means kbit/s in one element and bit/s in the next, and a wrong unit makes a bitrate immovable without any error.

import type { VideoCodec } from '@nestri/protocol'

/** Facts about machine and picture that settings may depend on. */
export interface PictureFacts {
  /** Processor cores that may be used. */
  cores: number
  widthPx: number
  heightPx: number
  framerateFps: number
}

/**
 * Something to set on the element: `property=value` texts of which the first that the element really has is taken,
 * because GStreamer renamed properties and values between versions.
 */
export interface Setting {
  anyOf: readonly string[]
  /** What it is for; shown when the element has none of the alternatives. */
  why: string
}

/** How the frames get from the capture to the encoder. */
export interface MemoryPath {
  /** Name in facts and status: `system`, `CUDAMemory`, `VAMemory` or `DMABuf`. */
  memory: string
  /** Memory in which the capture hands over its frames for this path. */
  from: 'system' | 'DMABuf' | 'CUDAMemory'
  /** Text that the encoder's sink caps must contain, e.g. `memory:CUDAMemory`; empty for system memory. */
  feature: string
  /** Elements besides the encoder that the path needs. */
  needs: readonly string[]
  /** gst-launch text from raw video to the encoder's input. */
  launch: string
}

/** Unit of a bitrate property: bits are per second. */
export type BitrateUnit = 'kbit' | 'bit'

export interface BitrateProperty {
  property: string
  unit: BitrateUnit
}

/** A property that bounds how much the encoder may spend ahead of its rate. */
export interface BufferProperty {
  property: string
  /** `ms` follows the bitrate by itself, `kbit` does not. */
  unit: 'ms' | 'kbit'
  /** Size in frame times. */
  frames: number
  /** Smallest size that the element does not silently replace by its default, in seconds at the highest bitrate. */
  leastSeconds?: number
}

/** What is asked of the encoder's rate control. */
export interface RateSettings {
  /** Bitrate at the start, in kbit/s. */
  bitrateKbps: number
  /** Highest bitrate that will be asked for, in kbit/s. */
  maxBitrateKbps: number
  /** Constant quantizer on H.264's scale, 1..50. */
  quantizer: number
}

export type RateControl = 'cbr' | 'vbr' | 'cqp'

/** What a bitrate change while it runs costs. */
export type LiveBitrate =
  /** Nothing: it applies from the next frame. */
  | 'smooth'
  /** The driver opens the encoder again: a key frame each time, so changes must be rare and large. */
  | 'key-frame'

export interface EncoderRecord {
  element: string
  codec: VideoCodec
  type: 'hardware' | 'software'
  /** GPUs that it runs on; empty for software. */
  vendors: readonly ('nvidia' | 'intel' | 'amd')[]
  /** Order of trying within its type: higher first. */
  rank: number
  /** Ways to it, best first. */
  paths: readonly MemoryPath[]
  bitrate: BitrateProperty
  /** Highest bitrate, where the element has a property for it, and in which modes it is set. */
  peakBitrate?: BitrateProperty & { in: readonly RateControl[] }
  /** Rate-control buffer, sized in frames; empty where the element has none. */
  buffers: readonly BufferProperty[]
  keyFrameDistance: {
    property: string
    /** Value that means no periodic key frame, or the largest distance where the element knows no such value. */
    infinite: number
    /** Largest distance in frames that the element takes; absent = any. */
    most?: number
  }
  /** Settings for the lowest latency, in any rate-control mode. */
  lowLatency: (picture: PictureFacts) => readonly Setting[]
  /** Settings that replace those of the same property when quality goes first. Never reordering: latency stays bounded. */
  highQuality: (picture: PictureFacts) => readonly Setting[]
  rateControl: Readonly<Record<RateControl, (rate: RateSettings) => readonly Setting[]>>
  /** Caps after the encoder. */
  outputCaps: string
  liveBitrate: LiveBitrate
  /** Names of its elements when another than the first GPU is meant. */
  onDevice?: (device: GpuDevice) => Readonly<Record<string, string>>
  /** What a reader of a report should know about it. */
  quirks: readonly string[]
}

/** Which GPU, when there are several. */
export interface GpuDevice {
  /** Index among the GPUs of its vendor, from 0. */
  index: number
  /** Render node without its folder, e.g. `renderD129`, or empty. */
  renderNode: string
}

/** A setting with one spelling. */
export function setting(text: string, why: string): Setting {
  return { anyOf: [text], why }
}

/** A setting with several spellings, the preferred one first. */
export function anyOf(texts: readonly string[], why: string): Setting {
  return { anyOf: texts, why }
}
