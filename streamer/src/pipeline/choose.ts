// SPDX-License-Identifier: Apache-2.0
// Chooses the encoder of a room. Listing is pure: what GStreamer has registered and what is wished for become an ordered
// list and a reason for everything left out. Then each is probed by really encoding, because being registered says little.
// Never falls back silently: what was asked for and did not work is part of the result.

import { NestriError } from '@nestri/protocol'
import type { EncoderFacts, VideoCodec } from '@nestri/protocol'
import type { NativeElement, ProbeResult } from '../native.ts'
import type { EncoderRecord, GpuDevice, MemoryPath } from './encoder-record.ts'
import { ENCODERS, encoderRecord } from './encoders.ts'

/** The registered element of that name, or null. */
export type Registry = (element: string) => NativeElement | null

/** What a room asks for. */
export interface EncoderWish {
  codec: VideoCodec
  /** GStreamer element, or empty for the best that works. */
  element: string
  /** Kind that is tried first. */
  type: 'hardware' | 'software'
  /** Whether anything else may be taken where the wish does not work. */
  fallback: 'allow' | 'deny'
  bitDepth: 8 | 10
  gpu: GpuWish
  /** Memory in which the capture hands over its frames. */
  frameMemory: MemoryPath['from']
  /** Ways that must not be tried again, e.g. because the process died in them. */
  excluded: readonly Rejection[]
}

export interface GpuWish {
  /** `none`: no GPU may be used. */
  mode: 'exclusive' | 'shared' | 'none'
  vendor: 'auto' | 'nvidia' | 'amd' | 'intel'
  /** Index among the GPUs of the vendor; -1 = the first. */
  index: number
  /** Device node, e.g. `/dev/dri/renderD129`, or empty. */
  cardPath: string
}

/** One encoder by one memory path. */
export interface Candidate {
  /** `x264enc`, or with the memory path where the encoder has several: `nvh264enc (CUDAMemory)`. */
  name: string
  record: EncoderRecord
  path: MemoryPath
  /** Name of the element on the wished GPU. */
  element: string
  facts: NativeElement
  /** Names that replace those in the path's text on another than the first GPU. */
  renamed: Readonly<Record<string, string>>
  /** False = taken only because what was asked for does not work. */
  asked: boolean
}

export interface Rejection {
  name: string
  reason: string
}

/** Everything that may be tried, in order, and why the rest may not. */
export interface Candidates {
  candidates: readonly Candidate[]
  rejected: readonly Rejection[]
}

/** Lists what fits the wish, the wished kind first. With fallback `deny` only what was asked for is listed. */
export function listCandidates(registry: Registry, wish: EncoderWish): Candidates {
  const rejected: Rejection[] = []
  if (wish.element !== '' && encoderRecord(wish.element) === undefined) {
    rejected.push({ name: wish.element, reason: 'is not known here; see --capabilities for those that are' })
  }
  const candidates = ENCODERS.filter((record) => record.codec === wish.codec)
    .flatMap((record) => candidatesOf({ record, registry, wish, rejected }))
    .toSorted((a, b) => Number(b.asked) - Number(a.asked))
  if (wish.fallback === 'allow') return { candidates, rejected }
  for (const { name } of candidates.filter(({ asked }) => !asked)) {
    rejected.push({ name, reason: 'was not asked for, and NESTRI_ENCODER_FALLBACK is deny' })
  }
  return { candidates: candidates.filter(({ asked }) => asked), rejected }
}

interface Listing {
  record: EncoderRecord
  registry: Registry
  wish: EncoderWish
  rejected: Rejection[]
}

function candidatesOf({ record, registry, wish, rejected }: Listing): Candidate[] {
  const reason = unfit(record, wish)
  const renamed = record.onDevice?.(deviceOf(wish.gpu)) ?? {}
  const element = renamed[record.element] ?? record.element
  // A renamed element may carry a property that picks the device.
  const facts = registry(element.split(' ')[0] ?? element)
  if (reason !== undefined || facts === null) {
    rejected.push({ name: record.element, reason: reason ?? `${element} is not registered` })
    return []
  }
  return record.paths.flatMap((path) => {
    const name = record.paths.length === 1 ? record.element : `${record.element} (${path.memory})`
    const why = pathUnfit({ path, facts, registry, wish }) ?? wish.excluded.find((known) => known.name === name)?.reason
    if (why === undefined) return [{ name, record, path, element, facts, renamed, asked: isAsked(record, wish) }]
    // That another memory path is meant for another capture is no news to anybody.
    if (path.from === wish.frameMemory) rejected.push({ name, reason: why })
    return []
  })
}

/** Why a record does not fit the wish at all. */
function unfit(record: EncoderRecord, { bitDepth, gpu }: EncoderWish): string | undefined {
  if (bitDepth !== 8) return `encodes 8 bits per sample, not ${bitDepth}`
  if (record.type === 'software') return undefined
  if (gpu.mode === 'none') return 'needs a GPU, and NESTRI_GPU_MODE is none'
  const { vendor } = gpu
  return vendor === 'auto' || record.vendors.includes(vendor) ? undefined : `is not for GPUs of ${vendor}`
}

function pathUnfit({
  path,
  facts,
  registry,
  wish,
}: Pick<Listing, 'registry' | 'wish'> & { path: MemoryPath; facts: NativeElement }): string | undefined {
  if (path.from !== wish.frameMemory) return `needs a capture in ${path.from} memory`
  if (!facts.sinkCaps.includes(path.feature)) return `does not take ${path.feature}`
  const missing = path.needs.filter((element) => registry(element) === null)
  return missing.length === 0 ? undefined : `${missing.join(', ')} is not registered`
}

function isAsked(record: EncoderRecord, wish: EncoderWish): boolean {
  return wish.element === '' ? record.type === wish.type : record.element === wish.element
}

function deviceOf({ index, cardPath }: GpuWish): GpuDevice {
  return { index: Math.max(0, index), renderNode: /renderD\d+$/.exec(cardPath)?.[0] ?? '' }
}

/** Encodes a few frames with a candidate. */
export type Probe = (candidate: Candidate) => Promise<ProbeResult>

export interface Choice {
  candidate: Candidate
  probe: ProbeResult
  /** For status and viewers. */
  facts: EncoderFacts
}

/**
 * Probes the candidates one after another until one works.
 * @throws {NestriError} ERR_ENCODER_UNAVAILABLE with every reason, where none works
 */
export async function chooseEncoder(registry: Registry, wish: EncoderWish, probe: Probe): Promise<Choice> {
  const { candidates, rejected } = listCandidates(registry, wish)
  const reasons = [...rejected]
  for (const candidate of candidates) {
    const result = await probe(candidate).catch((error: unknown) => failedProbe(error))
    if (result.ok && result.framesOut > 0) {
      return { candidate, probe: result, facts: factsOf(candidate, wish, reasons) }
    }
    reasons.push({ name: candidate.name, reason: result.reason === '' ? 'encoded no frame' : result.reason })
  }
  const list = reasons.map(({ name, reason }) => `${name}: ${reason}`)
  throw new NestriError('ERR_ENCODER_UNAVAILABLE', {
    codec: wish.codec,
    reasons: list.length === 0 ? 'no encoder of that codec is known' : list.join('; '),
  })
}

function failedProbe(error: unknown): ProbeResult {
  const reason = error instanceof Error ? error.message : String(error)
  return { ok: false, reason, framesOut: 0, encodeMsP50: 0, caps: '', bytes: 0 }
}

/** Most rejections in a message, and the longest reason (protocol/src/facts.ts). */
const MAX_REJECTED = 32
const MAX_REASON_CHARS = 500

function factsOf(candidate: Candidate, wish: EncoderWish, reasons: readonly Rejection[]): EncoderFacts {
  const rejected = reasons.slice(0, MAX_REJECTED).map(({ name, reason }) => ({
    name: name.slice(0, 100),
    reason: reason.slice(0, MAX_REASON_CHARS),
  }))
  return {
    name: candidate.record.element,
    codec: candidate.record.codec,
    type: candidate.record.type,
    memory: candidate.path.memory,
    fallbackReason: candidate.asked ? '' : fallbackReason(wish, reasons).slice(0, MAX_REASON_CHARS),
    rejected,
  }
}

/** Why what was asked for was not taken, in one line. */
function fallbackReason(wish: EncoderWish, reasons: readonly Rejection[]): string {
  const asked = reasons.filter(({ name }) => {
    const record = encoderRecord(name.split(' ')[0] ?? name)
    return wish.element === '' ? record?.type === wish.type : name.split(' ')[0] === wish.element
  })
  const wanted =
    wish.element === '' ? `no ${wish.type} encoder for ${wish.codec} works here` : `${wish.element} does not work here`
  const groups = [...Map.groupBy(asked, ({ reason }) => reason)]
  const [only] = groups
  if (groups.length === 1 && asked.length > 1 && only !== undefined) return `${wanted}: ${only[0]}`
  return `${wanted}: ${groups.map(([reason, same]) => `${same.map(({ name }) => name).join(', ')}: ${reason}`).join('; ')}`
}
