// SPDX-License-Identifier: Apache-2.0
// The lines that every SDP of ours shares: session header, ICE-lite credentials, fingerprint, candidates, codecs.

import type { RtpCodecParameters, RtpParameters, TransportDescription } from './media-types.ts'

export interface SessionHeader {
  /** `o=` session id, a number of at most 63 bits (RFC 9429 §5.2.1). */
  sessionId: string
  /** `o=` session version, counts up with every description of the same session. */
  version: number
  /** Mids of the bundled sections. */
  bundle: readonly string[]
}

/** The lines before the first m-line. We are ICE-lite (RFC 8445 §2.5): the other side checks, we answer. */
export function sessionLines({ sessionId, version, bundle }: SessionHeader): string[] {
  return [
    'v=0',
    `o=nestri ${sessionId} ${version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${bundle.join(' ')}`,
    'a=msid-semantic: WMS *',
  ]
}

/** ICE and DTLS lines of one section, with all candidates. */
export function transportLines(transport: TransportDescription, setup: 'actpass' | 'passive'): string[] {
  return [
    `a=ice-ufrag:${transport.usernameFragment}`,
    `a=ice-pwd:${transport.password}`,
    'a=ice-options:renomination',
    `a=fingerprint:sha-256 ${transport.fingerprint}`,
    `a=setup:${setup}`,
    ...candidateLines(transport),
    'a=end-of-candidates',
  ]
}

/** rtpmap, rtcp-fb and fmtp of the codecs of `parameters`. */
export function codecLines({ codecs }: RtpParameters): string[] {
  return codecs.flatMap((codec) => {
    const { payloadType, clockRate, channels, rtcpFeedback = [] } = codec
    const channelsPart = channels === undefined || channels === 1 ? '' : `/${channels}`
    const fmtp = formatParameters(codec)
    return [
      `a=rtpmap:${payloadType} ${codecName(codec)}/${clockRate}${channelsPart}`,
      ...(fmtp === '' ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
      ...rtcpFeedback.map(
        ({ type, parameter }) => `a=rtcp-fb:${payloadType} ${type}${parameter ? ` ${parameter}` : ''}`,
      ),
    ]
  })
}

/** The codec's name without its media type. */
export function codecName({ mimeType }: RtpCodecParameters): string {
  return mimeType.slice(mimeType.indexOf('/') + 1)
}

/** Format parameters as in a=fmtp. */
export function formatParameters({ parameters = {} }: RtpCodecParameters): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(';')
}

function candidateLines({ candidates }: TransportDescription): string[] {
  return candidates.map(({ address, port, protocol }, index) => {
    // RFC 8445 §5.1.2.1: type preference 126 (host); UDP above TCP, earlier addresses above later ones.
    const local = (protocol === 'udp' ? 65_535 : 32_767) - index
    const priority = 126 * 2 ** 24 + local * 2 ** 8 + 255
    const tcp = protocol === 'tcp' ? ' tcptype passive' : ''
    return `a=candidate:${protocol}${index} 1 ${protocol} ${priority} ${address} ${port} typ host${tcp}`
  })
}
