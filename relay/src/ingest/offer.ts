// SPDX-License-Identifier: Apache-2.0
// Reads a publisher's SDP offer (RFC 8866, JSEP RFC 9429) into the RTP parameters of producers. Written for webrtcbin and
// for any WHIP client: payload types, extension ids and mids are the offer's. Pure; what arrives is never trusted.

import { NestriError, OPUS, VIDEO_CODECS } from '@nestri/protocol'
import { parseParams } from 'sdp-transform'
import type {
  RemoteDtls,
  RtcpFeedback,
  RtpCodecParameters,
  RtpEncodingParameters,
  RtpHeaderExtensionParameters,
  RtpHeaderExtensionUri,
  RtpParameters,
} from '../sfu/media-types.ts'
import { remoteDtls } from '../sfu/sdp-dtls.ts'
import { parseSdp } from '../sfu/sdp-parse.ts'
import type { ParsedMedia } from '../sfu/sdp-parse.ts'

/** One m-section of the offer, in the offer's order. */
export type OfferedSection =
  | { use: 'media'; mid: string; kind: 'audio' | 'video'; rtpParameters: RtpParameters }
  | { use: 'data'; mid: string; protocol: string; sctpPort: number }
  /** A section that is answered with port 0: a second video, an unknown type, or one that the offerer closed. */
  | { use: 'rejected'; mid: string; type: string; protocol: string; payloads: string }

export interface IngestOffer {
  remote: RemoteDtls
  sections: readonly OfferedSection[]
}

/** Extensions that a router can use or forward; others are left out of the answer. */
const EXTENSIONS: ReadonlySet<string> = new Set<RtpHeaderExtensionUri>([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
])

/** RTCP feedback that mediasoup gives a publisher (RFC 4585, RFC 5104). */
const VIDEO_FEEDBACK: ReadonlySet<string> = new Set(['nack', 'nack pli', 'ccm fir', 'transport-cc', 'goog-remb'])
/** Without RTX a NACK of audio cannot be answered, and routers have no RTX for Opus. */
const AUDIO_FEEDBACK: ReadonlySet<string> = new Set(['transport-cc'])

/**
 * Reads an offer.
 * @throws {NestriError} ERR_SDP with what is missing or not carried
 */
export function readIngestOffer(sdp: string): IngestOffer {
  const session = parseSdp(sdp)
  const seen = { audio: false, video: false, data: false }
  const sections = session.media.map((media, index): OfferedSection => {
    const mid = media.mid ?? String(index)
    // bundle-only sections have port 0 and are alive (RFC 8843 §7.2.1).
    const closed = media.port === 0 && media.bundleOnly === undefined
    if (!closed && (media.type === 'audio' || media.type === 'video') && !seen[media.type]) {
      seen[media.type] = true
      return { use: 'media', mid, kind: media.type, rtpParameters: rtpParametersOf(media, media.type, mid) }
    }
    if (!closed && media.type === 'application' && /SCTP/i.test(media.protocol) && !seen.data) {
      seen.data = true
      return { use: 'data', mid, protocol: media.protocol, sctpPort: media.sctpPort ?? 5000 }
    }
    const { type, protocol, payloads } = media
    return { use: 'rejected', mid, type, protocol, payloads }
  })
  if (!seen.video) throw new NestriError('ERR_SDP', { detail: 'it offers no video' })
  if (new Set(sections.map(({ mid }) => mid)).size !== sections.length) {
    throw new NestriError('ERR_SDP', { detail: 'two sections have the same mid' })
  }
  return { remote: remoteDtls(session), sections }
}

function rtpParametersOf(media: ParsedMedia, kind: 'audio' | 'video', mid: string): RtpParameters {
  const codec = firstCarriedCodec(media, kind)
  const rtx = kind === 'video' ? rtxOf(media, codec.payloadType) : undefined
  const headerExtensions = extensionsOf(media)
  const cname = media.ssrcs.find(({ attribute }) => attribute === 'cname')?.value
  const parameters: RtpParameters = {
    mid,
    codecs: rtx === undefined ? [codec] : [codec, rtx],
    headerExtensions,
    encodings: [encodingOf(media, rtx !== undefined)],
    rtcp: { reducedSize: media.rtcpRsize !== undefined, ...(cname === undefined ? {} : { cname }) },
  }
  const hasMid = headerExtensions.some(({ uri }) => uri.endsWith(':mid'))
  if (parameters.encodings?.[0]?.ssrc === undefined && !hasMid) {
    throw new NestriError('ERR_SDP', { detail: `${kind} has neither an ssrc nor the mid header extension` })
  }
  return parameters
}

function firstCarriedCodec(media: ParsedMedia, kind: 'audio' | 'video'): RtpCodecParameters {
  const refused: string[] = []
  for (const payloadType of payloadTypes(media)) {
    const map = media.rtp.find(({ payload }) => payload === payloadType)
    if (map === undefined || /^(rtx|red|ulpfec|flexfec-03|telephone-event|CN)$/i.test(map.codec)) continue
    const parameters = parametersOf(media, payloadType)
    const mimeType = carriedMimeType(`${kind}/${map.codec}`, parameters)
    if (mimeType === undefined) {
      refused.push(map.codec)
      continue
    }
    return {
      mimeType,
      payloadType,
      clockRate: map.rate ?? 0,
      ...(kind === 'audio' ? { channels: map.encoding ?? 1 } : {}),
      parameters,
      rtcpFeedback: feedbackOf(media, payloadType, kind === 'video' ? VIDEO_FEEDBACK : AUDIO_FEEDBACK),
    }
  }
  const detail =
    refused.length === 0 ? `${kind} has no codec` : `this relay does not carry ${kind} as ${refused.join(' or ')}`
  throw new NestriError('ERR_SDP', { detail: detail.slice(0, 200) })
}

/** The router's name of a codec that it carries, or undefined. */
function carriedMimeType(name: string, parameters: Record<string, unknown>): string | undefined {
  const lower = name.toLowerCase()
  if (lower === OPUS.mimeType) return OPUS.mimeType
  const info = Object.values(VIDEO_CODECS).find(({ mimeType }) => mimeType.toLowerCase() === lower)
  if (info?.relayed !== true) return undefined
  // Interleaved (2) is decoded by no browser; 0 cannot carry a slice that is larger than a packet.
  if (info === VIDEO_CODECS.h264 && parameters['packetization-mode'] !== 1) return undefined
  return info.mimeType
}

function rtxOf(media: ParsedMedia, payloadType: number): RtpCodecParameters | undefined {
  for (const { payload, codec, rate } of media.rtp) {
    if (codec.toLowerCase() !== 'rtx' || parametersOf(media, payload)['apt'] !== payloadType) continue
    return {
      mimeType: 'video/rtx',
      payloadType: payload,
      clockRate: rate ?? 90_000,
      parameters: { apt: payloadType },
      rtcpFeedback: [],
    }
  }
  return undefined
}

function encodingOf(media: ParsedMedia, withRtx: boolean): RtpEncodingParameters {
  const group = media.ssrcGroups.find(({ semantics }) => semantics === 'FID')
  const [first, second] = (group?.ssrcs ?? '').split(/\s+/).map(Number)
  const ssrc = first !== undefined && isSsrc(first) ? first : media.ssrcs.find(({ id }) => isSsrc(id))?.id
  if (ssrc === undefined) return {}
  return withRtx && second !== undefined && isSsrc(second) ? { ssrc, rtx: { ssrc: second } } : { ssrc }
}

function extensionsOf(media: ParsedMedia): RtpHeaderExtensionParameters[] {
  const ids = new Set<number>()
  return media.ext.flatMap(({ value, uri }) => {
    // Ids above 14 need two-byte headers (RFC 8285 §4.2), which nobody sends us.
    if (!EXTENSIONS.has(uri) || !(value >= 1 && value <= 14) || ids.has(value)) return []
    ids.add(value)
    return [{ uri: uri as RtpHeaderExtensionUri, id: value, encrypt: false, parameters: {} }]
  })
}

function feedbackOf(media: ParsedMedia, payloadType: number, known: ReadonlySet<string>): RtcpFeedback[] {
  const names = media.rtcpFb
    .filter(({ payload }) => payload === '*' || payload === payloadType)
    .map(({ type, subtype }) => (subtype === undefined ? type : `${type} ${subtype}`))
  return [...new Set(names)]
    .filter((name) => known.has(name))
    .map((name) => {
      const [type = '', parameter] = name.split(' ')
      return parameter === undefined ? { type } : { type, parameter }
    })
}

function parametersOf(media: ParsedMedia, payloadType: number): Record<string, string | number> {
  const config = media.fmtp.find(({ payload }) => payload === payloadType)?.config
  if (config === undefined) return {}
  const entries = Object.entries(parseParams(config)).flatMap(([key, value]): [string, string | number][] => {
    // Parameter sets travel in band: those of the offer are stale after the first change of resolution.
    if (value === undefined || key === 'sprop-parameter-sets') return []
    return [[key, key === 'profile-level-id' ? String(value) : value]]
  })
  return Object.fromEntries(entries)
}

function payloadTypes(media: ParsedMedia): number[] {
  return media.payloads
    .split(' ')
    .map(Number)
    .filter((payload) => Number.isInteger(payload) && payload >= 0 && payload <= 127)
}

function isSsrc(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 0xffff_ffff
}
