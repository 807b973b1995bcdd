// SPDX-License-Identifier: Apache-2.0
// The little SDP that receivers and publisher need: what a relay's description says about its end, and the other half
// of the exchange. Pure.

import { H264_PROFILE_LEVEL_ID, HEADER_EXTENSIONS, VIDEO_CODECS } from '@nestri/protocol'

/** The relay's end of a transport. */
export interface RemoteEnd {
  address: string
  port: number
  fragment: string
  password: string
}

/** What a receiver needs to know of an offer. */
export interface OfferedVideo extends RemoteEnd {
  ssrc: number
  /** Id of the transport-wide congestion control extension; 0 = not offered. */
  transportCcId: number
}

/** @throws {Error} where the description lacks a line that every relay's has */
export function readRemoteEnd(sdp: string): RemoteEnd {
  const candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/gim)]
  const [, address, port] = candidates.find(([, host]) => host === '127.0.0.1') ?? candidates[0] ?? []
  if (address === undefined) throw new Error('the relay has no UDP candidate')
  return { address, port: Number(port), fragment: field(sdp, 'ice-ufrag'), password: field(sdp, 'ice-pwd') }
}

/** @throws {Error} where nothing is sent */
export function readOfferedVideo(sdp: string): OfferedVideo {
  const section = sdp.split(/^m=/m).find((part) => part.startsWith('video')) ?? ''
  const ssrc = /^a=ssrc-group:FID (\d+)/m.exec(section)?.[1] ?? /^a=ssrc:(\d+)/m.exec(section)?.[1]
  if (ssrc === undefined) throw new Error('the offer has no video that is sent')
  const extension = new RegExp(`^a=extmap:(\\d+) ${HEADER_EXTENSIONS.transportWideCc.uri}`, 'm').exec(section)
  return { ...readRemoteEnd(sdp), ssrc: Number(ssrc), transportCcId: Number(extension?.[1] ?? 0) }
}

/** An answer that takes every section of `offer` as it is. */
export function writeAnswer(offer: string, fingerprint: string, fragment: string): string {
  const [, ...sections] = offer.split(/^(?=m=)/m)
  const mids = sections.map((section) => field(section, 'mid'))
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mids.join(' ')}`,
    ...sections.flatMap((section) => [
      section.split('\r\n')[0] ?? '',
      'c=IN IP4 127.0.0.1',
      `a=mid:${field(section, 'mid')}`,
      ...ourEnd(fingerprint, fragment, 'active'),
      ...section.split('\r\n').filter((line) => /^a=(rtpmap|fmtp|rtcp-fb|extmap|rtcp-mux|sctp-port)/.test(line)),
      ...(section.startsWith('m=application') ? [] : ['a=recvonly']),
    ]),
  ]
  return `${lines.join('\r\n')}\r\n`
}

/** RTCP feedback that the publisher understands. */
const FEEDBACK = ['nack pli', 'ccm fir', 'transport-cc']

/** A publisher's offer of one H.264 stream with the extensions of our runner. */
export function writePublisherOffer(fingerprint: string, fragment: string, ssrc: number): string {
  const { payloadType, clockRate } = VIDEO_CODECS.h264
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    `m=video 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
    'c=IN IP4 127.0.0.1',
    'a=mid:0',
    ...ourEnd(fingerprint, fragment, 'actpass'),
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=sendonly',
    `a=rtpmap:${payloadType} H264/${clockRate}`,
    `a=fmtp:${payloadType} packetization-mode=1;level-asymmetry-allowed=1;profile-level-id=${H264_PROFILE_LEVEL_ID}`,
    ...FEEDBACK.map((feedback) => `a=rtcp-fb:${payloadType} ${feedback}`),
    ...Object.values(HEADER_EXTENSIONS).map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    `a=ssrc:${ssrc} cname:bench`,
  ]
  return `${lines.join('\r\n')}\r\n`
}

function ourEnd(fingerprint: string, fragment: string, setup: 'active' | 'actpass'): string[] {
  return [
    `a=ice-ufrag:${fragment}`,
    // We answer no checks, so that nobody ever uses the password; 22 characters is the least (RFC 8839 §5.4).
    'a=ice-pwd:benchbenchbenchbenchbench',
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${setup}`,
  ]
}

function field(sdp: string, name: string): string {
  const value = new RegExp(`^a=${name}:(\\S+)`, 'm').exec(sdp)?.[1]
  if (value === undefined) throw new Error(`the description has no a=${name}`)
  return value
}
