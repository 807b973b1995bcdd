// SPDX-License-Identifier: Apache-2.0
// Writes the answer to a publisher's offer: the offer's mids, payload types and extension ids, ICE-lite, passive DTLS.
// Pure; the same for our runner and for WHIP.

import type { TransportDescription } from '../sfu/media-types.ts'
import { codecLines, sessionLines, transportLines } from '../sfu/sdp-transport.ts'
import type { IngestOffer, OfferedSection } from './offer.ts'

/**
 * The SDP answer (RFC 3264) to `offer`.
 * @param sessionId `o=` session id, a decimal number
 */
export function writeIngestAnswer(offer: IngestOffer, transport: TransportDescription, sessionId: string): string {
  const bundle = offer.sections.filter(({ use }) => use !== 'rejected').map(({ mid }) => mid)
  const lines = [
    ...sessionLines({ sessionId, version: 1, bundle }),
    ...offer.sections.flatMap((section) => sectionLines(section, transport)),
  ]
  return `${lines.join('\r\n')}\r\n`
}

function sectionLines(section: OfferedSection, transport: TransportDescription): string[] {
  switch (section.use) {
    case 'rejected':
      return [
        `m=${section.type} 0 ${section.protocol} ${section.payloads}`,
        'c=IN IP4 127.0.0.1',
        `a=mid:${section.mid}`,
        'a=inactive',
      ]
    case 'data':
      return [
        `m=application 9 ${section.protocol} webrtc-datachannel`,
        'c=IN IP4 127.0.0.1',
        ...transportLines(transport, 'passive'),
        `a=mid:${section.mid}`,
        `a=sctp-port:${transport.sctp?.port ?? 5000}`,
        `a=max-message-size:${transport.sctp?.maxMessageSizeBytes ?? 0}`,
      ]
    case 'media': {
      const { rtpParameters } = section
      return [
        `m=${section.kind} 9 UDP/TLS/RTP/SAVPF ${rtpParameters.codecs.map(({ payloadType }) => payloadType).join(' ')}`,
        'c=IN IP4 127.0.0.1',
        ...transportLines(transport, 'passive'),
        `a=mid:${section.mid}`,
        'a=recvonly',
        'a=rtcp-mux',
        'a=rtcp-rsize',
        ...codecLines(rtpParameters),
        ...(rtpParameters.headerExtensions ?? []).map(({ id, uri }) => `a=extmap:${id} ${uri}`),
      ]
    }
  }
}
