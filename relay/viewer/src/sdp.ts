// SPDX-License-Identifier: Apache-2.0
// The few things that the page reads from or writes into a session description. Pure.

/** Whether the description carries data channels. */
export function hasDataChannels(sdp: string): boolean {
  return /^m=application [1-9]/m.test(sdp)
}

/**
 * The video codec that an answer turned down, e.g. `H264`, or undefined where video is accepted or absent: a browser
 * without a decoder answers with port 0 (RFC 3264 §6).
 */
export function refusedVideoCodec(offer: string, answer: string): string | undefined {
  const sections = mediaSections(answer).filter((section) => section.startsWith('m=video'))
  if (sections.length === 0 || sections.some((section) => !section.startsWith('m=video 0 '))) return undefined
  const offered = mediaSections(offer).find((section) => /^m=video [1-9]/.test(section))
  return offered === undefined ? undefined : (/^a=rtpmap:\d+ ([^/\r\n]+)\//m.exec(offered)?.[1] ?? 'the video')
}

/** Asks for stereo in an answer: without it Chromium decodes Opus to mono (RFC 7587 §6.1). */
export function withStereo(answer: string): string {
  const payloads = [...answer.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2/gim)].map((match) => match[1])
  return payloads.reduce<string>((sdp, payload) => {
    const line = new RegExp(`^(a=fmtp:${payload} )(?!.*\\bstereo=1)(.*)$`, 'm')
    return sdp.replace(line, '$1stereo=1;$2')
  }, answer)
}

function mediaSections(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m).slice(1)
}
