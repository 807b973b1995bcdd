// SPDX-License-Identifier: Apache-2.0
// Reads the lines of the contract between host and encoder process: size, then JSON, then the schema. Nothing that
// arrives throws, on either side.

import { encoderFacts, MAX_INPUT_BYTES, MAX_SDP_CHARS, streamStats } from '@nestri/protocol'
import * as v from 'valibot'
import { MAX_LINE_BYTES } from './contract.ts'
import type { BrokenCommand, Capabilities, Command, EncoderEvent, ProbedEncoder, Reply, Started } from './contract.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const name = v.pipe(v.string(), v.maxLength(200))
const words = v.pipe(v.string(), v.maxLength(8000))
const sdp = v.pipe(v.string(), v.maxLength(MAX_SDP_CHARS))
const kbps = v.pipe(v.number(), v.finite(), v.minValue(1), v.maxValue(1_000_000))
const base64 = v.pipe(v.string(), v.base64(), v.maxLength(Math.ceil(MAX_INPUT_BYTES / 3) * 4))
const codec = v.picklist(['h264', 'h265', 'av1', 'vp8'])
const stage = v.picklist(['source', 'encoder', 'packets'])

const video = v.object({
  cores: v.pipe(count, v.minValue(1)),
  widthPx: count,
  heightPx: count,
  framerateFps: v.pipe(count, v.minValue(1)),
  rateControl: v.picklist(['cbr', 'vbr', 'cqp']),
  bitrateKbps: kbps,
  maxBitrateKbps: kbps,
  quantizer: count,
  latency: v.picklist(['lowest-latency', 'highest-quality']),
  keyFrameSeconds: count,
})

const wish = v.object({
  codec,
  element: name,
  type: v.picklist(['hardware', 'software']),
  fallback: v.picklist(['allow', 'deny']),
  bitDepth: v.picklist([8, 10]),
  gpu: v.object({
    mode: v.picklist(['exclusive', 'shared', 'none']),
    vendor: v.picklist(['auto', 'nvidia', 'amd', 'intel']),
    index: v.pipe(v.number(), v.safeInteger()),
    cardPath: name,
  }),
  frameMemory: v.picklist(['system', 'DMABuf', 'CUDAMemory']),
  excluded: v.array(v.object({ name, reason: words })),
})

const audio = v.object({
  source: v.variant('kind', [
    v.object({ kind: v.literal('pulse'), server: name, device: name }),
    v.object({ kind: v.literal('alsa'), device: name }),
  ]),
  bitrateKbps: kbps,
  rateControl: v.picklist(['cbr', 'vbr']),
  channels: v.picklist([1, 2]),
})

const session = v.object({
  source: v.variant('kind', [
    v.object({ kind: v.literal('test') }),
    v.object({ kind: v.literal('x11'), display: name }),
  ]),
  video,
  wish,
  audio: v.nullable(audio),
  inputDisplay: v.nullable(name),
  stunServer: name,
})

const id = count

const commands = [
  v.object({ type: v.literal('hello'), id, version: count }),
  v.object({ type: v.literal('start'), id, session }),
  v.object({ type: v.literal('probe'), id, video, wish, codecs: v.array(codec) }),
  v.object({ type: v.literal('answer'), id, sdp }),
  v.object({ type: v.literal('bitrate'), id, bitrateKbps: kbps }),
  v.object({ type: v.literal('keyframe'), id, reason: v.picklist(['join', 'request', 'drop']) }),
  v.object({ type: v.literal('input'), id, viewer: name, message: base64 }),
  v.object({
    type: v.literal('input-stream'),
    id,
    viewer: name,
    channel: v.picklist(['input', 'motion']),
    streamId: count,
  }),
  v.object({ type: v.literal('input-stream-closed'), id, streamId: count }),
  v.object({ type: v.literal('release'), id, viewer: name }),
  v.object({ type: v.literal('restart-encoder'), id }),
  v.object({ type: v.literal('stats'), id }),
  v.object({ type: v.literal('stop'), id }),
] as const

const command: v.GenericSchema<unknown, Command> = v.variant('type', commands)

const COMMANDS: ReadonlySet<string> = new Set(commands.map((option) => option.entries.type.literal))

const reply: v.GenericSchema<unknown, Reply> = v.variant('ok', [
  v.object({ type: v.literal('reply'), id, ok: v.literal(true), result: v.optional(v.unknown()) }),
  v.object({
    type: v.literal('reply'),
    id: v.nullable(id),
    ok: v.literal(false),
    error: v.object({ code: name, message: words }),
  }),
])

const event: v.GenericSchema<unknown, EncoderEvent> = v.variant('type', [
  v.object({
    type: v.literal('status'),
    state: v.picklist(['starting', 'ready', 'streaming', 'stopped']),
    reason: words,
  }),
  v.object({ type: v.literal('offer'), sdp }),
  v.object({
    type: v.literal('connection'),
    state: v.picklist(['new', 'connecting', 'connected', 'disconnected', 'failed', 'closed']),
  }),
  v.object({ type: v.literal('probing'), name }),
  v.object({ type: v.literal('log'), level: v.picklist(['debug', 'info', 'warn', 'error']), message: words }),
  v.object({ type: v.literal('stats'), stats: streamStats }),
  v.object({ type: v.literal('video-stall'), stage, stalledMs: count, attempt: count }),
  v.object({ type: v.literal('video-transition'), stage: name, before: words, after: words }),
  v.object({ type: v.literal('input-ready'), streamId: count }),
  v.object({ type: v.literal('error'), code: name, message: words, encoder: name }),
])

const output = v.union([reply, event])

/** Schemas of the results of replies. */
export const capabilitiesResult: v.GenericSchema<unknown, Capabilities> = v.object({
  version: count,
  backend: v.picklist(['gstreamer', 'stub']),
  requestedBackend: v.picklist(['gstreamer', 'stub']),
  fallbackReason: words,
  gstreamer: name,
  encoders: v.array(name),
})

export const startedResult: v.GenericSchema<unknown, Started> = v.object({
  encoder: encoderFacts,
  missing: v.array(words),
  liveBitrate: v.picklist(['smooth', 'key-frame']),
})

export const probedResult: v.GenericSchema<unknown, ProbedEncoder[]> = v.array(
  v.object({
    name,
    codec,
    type: v.picklist(['hardware', 'software']),
    works: v.boolean(),
    reason: words,
    encodeMs: v.number(),
    missing: v.array(words),
    quirks: v.array(words),
  }),
)

/** Reads a command. */
export function parseCommandLine(line: string): { command: Command } | { broken: BrokenCommand } {
  if (line.length > MAX_LINE_BYTES) return { broken: lineTooLong() }
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return broken(null, 'invalid-json', 'the line is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return broken(null, 'invalid-command', 'the line is not a JSON object')
  }
  const raw: { id?: unknown; type?: unknown } = value
  const lineId = v.is(id, raw.id) ? raw.id : null
  if (typeof raw.type !== 'string') return broken(lineId, 'missing-field', 'type is missing')
  if (!COMMANDS.has(raw.type)) return broken(lineId, 'unknown-command', `${raw.type.slice(0, 100)} is not known here`)
  const parsed = v.safeParse(command, value, { abortEarly: true })
  if (parsed.success) return { command: parsed.output }
  const [issue] = parsed.issues
  const path = v.getDotPath(issue) ?? 'command'
  return issue.received === 'undefined'
    ? broken(lineId, 'missing-field', `${path} is missing`)
    : broken(lineId, 'invalid-command', `${path}: ${issue.message}`.slice(0, 300))
}

/** The answer to a line that was never read to its end. */
export function lineTooLong(): BrokenCommand {
  return { id: null, code: 'line-too-long', message: `a line has at most ${MAX_LINE_BYTES} bytes` }
}

function broken(lineId: number | null, code: BrokenCommand['code'], message: string): { broken: BrokenCommand } {
  return { broken: { id: lineId, code, message } }
}

/** Reads a line of the encoder's output, or undefined where it is none of ours (a library that printed something). */
export function parseOutputLine(line: string): Reply | EncoderEvent | undefined {
  if (line.length > MAX_LINE_BYTES || !line.startsWith('{')) return undefined
  try {
    const parsed = v.safeParse(output, JSON.parse(line), { abortEarly: true })
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
