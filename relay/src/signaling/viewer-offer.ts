// SPDX-License-Identifier: Apache-2.0
// The relay's offer to a viewer and what is read of its answer. The relay offers because consumers use the router's
// payload types and extension ids. Audio and video are in different media streams: a browser that plays them in sync
// would hold the picture back for the sound.

import { NestriError } from '@nestri/protocol'
import type { RemoteDtls, RtpParameters, TransportDescription } from '../sfu/media-types.ts'
import { remoteDtls } from '../sfu/sdp-dtls.ts'
import { parseSdp } from '../sfu/sdp-parse.ts'
import { codecLines, codecName, sessionLines, transportLines } from '../sfu/sdp-transport.ts'

/** What is offered in one m-section. A section keeps its place for the transport's whole life (RFC 9429 §5.2.2). */
export type ViewerSection =
  /** `active` false = nothing is sent in this section at the moment; `parameters` are the last ones then. */
  | { use: 'media'; kind: 'audio' | 'video'; mid: string; parameters: RtpParameters; active: boolean }
  | { use: 'data'; mid: string }

export interface ViewerOffer {
  sessionId: string
  version: number
  transport: TransportDescription
  sections: readonly ViewerSection[]
}

/** Writes the offer (RFC 3264, RFC 9429). */
export function writeViewerOffer({ sessionId, version, transport, sections }: ViewerOffer): string {
  const lines = [
    ...sessionLines({ sessionId, version, bundle: sections.map(({ mid }) => mid) }),
    ...sections.flatMap((section) =>
      section.use === 'data' ? dataLines(section.mid, transport) : mediaLines(section, transport),
    ),
  ]
  return `${lines.join('\r\n')}\r\n`
}

/**
 * Reads a viewer's answer: only its fingerprint and role matter, and whether it takes every section.
 * @throws {NestriError} ERR_SDP when it is no answer to `sections`, ERR_CODEC when a media section is rejected
 */
export function readViewerAnswer(sdp: string, sections: readonly ViewerSection[]): RemoteDtls {
  const session = parseSdp(sdp)
  if (session.media.length !== sections.length) {
    throw new NestriError('ERR_SDP', { detail: `the offer has ${sections.length} m-lines, the answer does not` })
  }
  session.media.forEach(({ port, bundleOnly }, index) => {
    const section = sections[index]
    if (section?.use !== 'media' || port !== 0 || bundleOnly !== undefined) return
    const [codec] = section.parameters.codecs
    throw new NestriError('ERR_CODEC', { codec: codec === undefined ? section.kind : codecName(codec) })
  })
  return remoteDtls(session)
}

function dataLines(mid: string, transport: TransportDescription): string[] {
  return [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 127.0.0.1',
    ...transportLines(transport, 'actpass'),
    `a=mid:${mid}`,
    `a=sctp-port:${transport.sctp?.port ?? 5000}`,
    `a=max-message-size:${transport.sctp?.maxMessageSizeBytes ?? 0}`,
  ]
}

function mediaLines(section: ViewerSection & { use: 'media' }, transport: TransportDescription): string[] {
  const { kind, mid, parameters, active } = section
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${parameters.codecs.map(({ payloadType }) => payloadType).join(' ')}`,
    'c=IN IP4 127.0.0.1',
    ...transportLines(transport, 'actpass'),
    `a=mid:${mid}`,
    active ? 'a=sendonly' : 'a=inactive',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    `a=msid:nestri-${kind} ${kind}`,
    ...codecLines(parameters),
    ...(parameters.headerExtensions ?? []).map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...(active ? ssrcLines(parameters, kind) : []),
  ]
}

function ssrcLines({ encodings = [], rtcp }: RtpParameters, kind: string): string[] {
  const [encoding] = encodings
  if (encoding?.ssrc === undefined) return []
  const cname = rtcp?.cname ?? 'nestri'
  const rtx = encoding.rtx?.ssrc
  const describe = (ssrc: number): string[] => [
    `a=ssrc:${ssrc} cname:${cname}`,
    `a=ssrc:${ssrc} msid:nestri-${kind} ${kind}`,
  ]
  return [
    ...(rtx === undefined ? [] : [`a=ssrc-group:FID ${encoding.ssrc} ${rtx}`]),
    ...describe(encoding.ssrc),
    ...(rtx === undefined ? [] : describe(rtx)),
  ]
}
