// SPDX-License-Identifier: Apache-2.0
// Turns settings and a chosen encoder into what the addon takes: texts of pipelines and caps. Pure; the golden files
// beside it hold the results, one per encoder, so that a slip of a unit is seen in review.

import { ECHO_STREAM_ID, HEADER_EXTENSIONS, OPUS, VIDEO_CODECS } from '@nestri/protocol'
import type { VideoCodec } from '@nestri/protocol'
import type {
  NativeAudio,
  NativeElement,
  NativeEncoder,
  NativeSource,
  ProbeOptions,
  SessionOptions,
} from '../native.ts'
import type { Candidate } from './choose.ts'
import type { BitrateProperty, BufferProperty, PictureFacts, RateControl, Setting } from './encoder-record.ts'

/** What is asked of the picture's encoder, whichever it is. */
export interface VideoSettings extends PictureFacts {
  rateControl: RateControl
  bitrateKbps: number
  maxBitrateKbps: number
  /** Constant quantizer, 1..51; used with `cqp`. */
  quantizer: number
  latency: 'lowest-latency' | 'highest-quality'
  /** Distance of periodic key frames in seconds; 0 = on demand only. */
  keyFrameSeconds: number
}

/** Quality of variable bitrate where the encoder takes a quality: visually good for moving pictures. */
const VBR_QUANTIZER = 23

export interface DescribedEncoder {
  native: NativeEncoder
  /** What a setting was for that the element has no property for, with the spellings that were tried. */
  missing: readonly string[]
}

/** The addon's description of a candidate. */
export function describeEncoder(candidate: Candidate, video: VideoSettings): DescribedEncoder {
  const { record } = candidate
  const { codec, bitrate } = record
  const { properties, missing } = propertiesOf(candidate, video)
  const launch = [
    pathText(candidate),
    [candidate.element, 'name=encoder', ...properties].join(' '),
    // A text that becomes a bin cannot end in bare caps.
    `capsfilter caps=${quotedValue(record.outputCaps)}`,
  ].join(' ! ')
  return {
    missing,
    native: {
      codec,
      launch,
      bitrateProperty: bitrate.property,
      bitrateUnitsPerKbps: unitsPerKbit(bitrate),
      bitrateKbps: video.bitrateKbps,
      payloader: payloaderOf(codec),
      rtpCaps: rtpCapsOf(codec),
    },
  }
}

/** A short encode with the very settings of the session. */
export function describeProbe(candidate: Candidate, video: VideoSettings): ProbeOptions {
  return {
    launch: describeEncoder(candidate, video).native.launch,
    widthPx: video.widthPx,
    heightPx: video.heightPx,
    framerateFps: video.framerateFps,
    frames: 10,
    // The first use of a driver compiles kernels and wakes the card; software takes its time for large pictures.
    timeoutMs: 10_000,
  }
}

function pathText({ path, renamed }: Candidate): string {
  return path.launch
    .split(' ')
    .map((word) => renamed[word] ?? word)
    .join(' ')
}

function propertiesOf(candidate: Candidate, video: VideoSettings): { properties: string[]; missing: string[] } {
  const { record, facts } = candidate
  const chosen = new Map<string, string>()
  const missing: string[] = []
  for (const { anyOf, why } of settingsOf(record, video)) {
    const found = anyOf.find((text) => fits(text, facts))
    if (found === undefined) missing.push(`${anyOf.join(' or ')} (${why})`)
    else chosen.set(propertyOf(found), found)
  }
  return { properties: [...chosen.values()].map(quoted), missing }
}

function settingsOf(record: Candidate['record'], video: VideoSettings): Setting[] {
  const { bitrateKbps, rateControl } = video
  const maxBitrateKbps = Math.max(bitrateKbps, video.maxBitrateKbps)
  const quantizer = rateControl === 'cqp' ? video.quantizer : VBR_QUANTIZER
  const { bitrate, peakBitrate } = record
  const peak = peakBitrate?.in.includes(rateControl) === true ? [rate(peakBitrate, maxBitrateKbps, 'peak bitrate')] : []
  return [
    ...record.lowLatency(video),
    ...(video.latency === 'highest-quality' ? record.highQuality(video) : []),
    ...record.rateControl[rateControl]({ bitrateKbps, maxBitrateKbps, quantizer }),
    rate(bitrate, bitrateKbps, 'bitrate'),
    ...peak,
    ...record.buffers.map((buffer) => bufferSetting(buffer, { ...video, maxBitrateKbps })),
    keyFrameSetting(record, video),
  ]
}

function rate(property: BitrateProperty, kbps: number, why: string): Setting {
  return { anyOf: [`${property.property}=${kbps * unitsPerKbit(property)}`], why }
}

function unitsPerKbit({ unit }: BitrateProperty): number {
  return unit === 'kbit' ? 1 : 1000
}

/** Rounded up: a buffer of less than it is meant to be makes the encoder starve key frames. */
function bufferSetting(buffer: BufferProperty, video: VideoSettings): Setting {
  const seconds = buffer.frames / video.framerateFps
  const size =
    buffer.unit === 'ms'
      ? seconds * 1000
      : Math.max(seconds * video.bitrateKbps, (buffer.leastSeconds ?? 0) * video.maxBitrateKbps)
  return { anyOf: [`${buffer.property}=${Math.ceil(size)}`], why: 'rate-control buffer' }
}

function keyFrameSetting({ keyFrameDistance }: Candidate['record'], video: VideoSettings): Setting {
  const { property, infinite, most = Number.POSITIVE_INFINITY } = keyFrameDistance
  const frames = video.keyFrameSeconds * video.framerateFps
  return { anyOf: [`${property}=${frames === 0 ? infinite : Math.min(frames, most)}`], why: 'distance of key frames' }
}

/** Whether the element has the property, may be given one, and takes this value. */
function fits(text: string, { properties }: NativeElement): boolean {
  const property = properties.find(({ name }) => name === propertyOf(text))
  if (property?.writable !== true) return false
  const value = text.slice(propertyOf(text).length + 1)
  if (property.values !== undefined) return property.values.includes(value)
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = property
  return Number.isNaN(Number(value)) || (Number(value) >= minimum && Number(value) <= maximum)
}

function propertyOf(text: string): string {
  return text.slice(0, text.indexOf('='))
}

/** A value with characters that mean something to gst-launch's parser is quoted. */
function quoted(text: string): string {
  const value = text.slice(propertyOf(text).length + 1)
  return /^[\w.-]*$/.test(value) ? text : `${propertyOf(text)}=${quotedValue(value)}`
}

function quotedValue(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}

/** Largest RTP packet without the IP and UDP headers: fits every path, tunnels included. */
const MTU_BYTES = 1200

function payloaderOf(codec: VideoCodec): string {
  const tail = `name=videopay mtu=${MTU_BYTES} pt=${VIDEO_CODECS[codec].payloadType}`
  switch (codec) {
    case 'h264':
      return `rtph264pay ${tail} config-interval=-1 aggregate-mode=zero-latency`
    case 'h265':
      return `rtph265pay ${tail} config-interval=-1 aggregate-mode=zero-latency`
    case 'vp8':
      return `rtpvp8pay ${tail} picture-id-mode=15-bit`
    case 'av1':
      return `rtpav1pay ${tail}`
  }
}

function rtpCapsOf(codec: VideoCodec): string {
  const { mimeType, clockRate, payloadType, parameters } = VIDEO_CODECS[codec]
  const encodingName = mimeType.slice(mimeType.indexOf('/') + 1).toUpperCase()
  return [
    'application/x-rtp',
    'media=(string)video',
    `encoding-name=(string)${encodingName}`,
    `clock-rate=(int)${clockRate}`,
    `payload=(int)${payloadType}`,
    ...Object.entries(parameters).map(([name, value]) => `${name}=(string)${value}`),
  ].join(',')
}

/** What is asked of the sound. */
export interface AudioSettings {
  source: { kind: 'pulse'; server: string; device: string } | { kind: 'alsa'; device: string }
  bitrateKbps: number
  rateControl: 'cbr' | 'vbr'
  channels: 1 | 2
}

/** Opus frames of 10 ms: half of the default's latency for a few per cent more bitrate. */
const OPUS_FRAME_MS = 10
/** 256 samples at 48 kHz: what sound servers deliver without dropping out. */
const CAPTURE_PERIOD_US = 5_333

/** The addon's description of the sound. */
export function describeAudio({ source, bitrateKbps, rateControl, channels }: AudioSettings): NativeAudio {
  const timing = `buffer-time=${CAPTURE_PERIOD_US * 8} latency-time=${CAPTURE_PERIOD_US} provide-clock=false`
  const capture =
    source.kind === 'alsa'
      ? `alsasrc device=${quotedValue(source.device)} ${timing}`
      : [
          'pulsesrc client-name=nestri',
          ...(source.server === '' ? [] : [`server=${quotedValue(source.server)}`]),
          `device=${quotedValue(source.device)}`,
          timing,
        ].join(' ')
  return {
    launch: [
      capture,
      'audioconvert',
      'audioresample',
      `audio/x-raw,format=S16LE,rate=${OPUS.clockRate},channels=${channels}`,
      'queue max-size-buffers=0 max-size-bytes=0 max-size-time=60000000 leaky=downstream',
      [
        `opusenc audio-type=restricted-lowdelay frame-size=${OPUS_FRAME_MS} bitrate=${bitrateKbps * 1000}`,
        `bitrate-type=${rateControl === 'cbr' ? 'cbr' : 'constrained-vbr'}`,
      ].join(' '),
      `rtpopuspay name=audiopay pt=${OPUS.payloadType} mtu=${MTU_BYTES}`,
    ].join(' ! '),
    rtpCaps: [
      'application/x-rtp',
      'media=(string)audio',
      'encoding-name=(string)OPUS',
      `clock-rate=(int)${OPUS.clockRate}`,
      `encoding-params=(string)${OPUS.channels}`,
      `payload=(int)${OPUS.payloadType}`,
    ].join(','),
  }
}

export interface SessionParts {
  source: NativeSource
  video: VideoSettings
  encoder: NativeEncoder
  audio: NativeAudio | null
  inputDisplay: string | null
  /** `stun://host:port`, or empty. */
  stunServer: string
}

/** The addon's description of a whole session. */
export function describeSession(parts: SessionParts): SessionOptions {
  const { source, video, encoder, audio, inputDisplay, stunServer } = parts
  const { absCaptureTime, playoutDelay, transportWideCc, mid } = HEADER_EXTENSIONS
  return {
    source,
    widthPx: video.widthPx,
    heightPx: video.heightPx,
    framerateFps: video.framerateFps,
    encoder,
    audio,
    inputDisplay,
    stunServer,
    extensions: {
      absCaptureTime: absCaptureTime.id,
      playoutDelay: playoutDelay.id,
      transportWideCc: transportWideCc.id,
      mid: mid.id,
    },
    echoStreamId: ECHO_STREAM_ID,
  }
}
