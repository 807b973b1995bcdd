// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import type { RtpParameters, TransportDescription } from '../sfu/media-types.ts'
import { readViewerAnswer, writeViewerOffer } from './viewer-offer.ts'
import type { ViewerSection } from './viewer-offer.ts'

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url))
const FINGERPRINT = Array.from({ length: 32 }, () => 'CD').join(':')

const TRANSPORT: TransportDescription = {
  usernameFragment: 'ufrag',
  password: 'password-of-ice',
  fingerprint: FINGERPRINT,
  candidates: [
    { address: '192.0.2.7', port: 8089, protocol: 'udp' },
    { address: '198.51.100.9', port: 8089, protocol: 'udp' },
    { address: '192.0.2.7', port: 8089, protocol: 'tcp' },
  ],
  sctp: { port: 5000, maxMessageSizeBytes: 1_032 },
}

const VIDEO: RtpParameters = {
  mid: 'video',
  codecs: [
    {
      mimeType: 'video/H264',
      payloadType: 101,
      clockRate: 90_000,
      parameters: { 'packetization-mode': 1, 'profile-level-id': '42e02a', 'level-asymmetry-allowed': 1 },
      rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'transport-cc' }],
    },
    { mimeType: 'video/rtx', payloadType: 102, clockRate: 90_000, parameters: { apt: 101 }, rtcpFeedback: [] },
  ],
  headerExtensions: [{ uri: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay', id: 11 }],
  encodings: [{ ssrc: 1_111, rtx: { ssrc: 1_112 } }],
  rtcp: { cname: 'runner' },
}
const AUDIO: RtpParameters = {
  mid: 'audio',
  codecs: [
    {
      mimeType: 'audio/opus',
      payloadType: 100,
      clockRate: 48_000,
      channels: 2,
      parameters: { 'sprop-stereo': 1 },
      rtcpFeedback: [],
    },
  ],
  headerExtensions: [],
  encodings: [{ ssrc: 2_222 }],
  rtcp: { cname: 'runner' },
}
const SECTIONS: readonly ViewerSection[] = [
  { use: 'media', kind: 'video', mid: 'video', parameters: VIDEO, active: true },
  { use: 'media', kind: 'audio', mid: 'audio', parameters: AUDIO, active: true },
  { use: 'data', mid: 'data' },
]

function answer(change: (sdp: string) => string = (sdp) => sdp): string {
  const section = (line: string): string =>
    [line, 'c=IN IP4 0.0.0.0', `a=fingerprint:sha-256 ${FINGERPRINT}`, 'a=setup:active'].join('\r\n')
  const lines = [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    section('m=video 9 UDP/TLS/RTP/SAVPF 101 102'),
    section('m=audio 9 UDP/TLS/RTP/SAVPF 100'),
    section('m=application 9 UDP/DTLS/SCTP webrtc-datachannel'),
  ]
  return change(`${lines.join('\r\n')}\r\n`)
}

test('the offer to a player carries picture, sound and data', (t) => {
  const sdp = writeViewerOffer({ sessionId: '1', version: 1, transport: TRANSPORT, sections: SECTIONS })
  t.assert.fileSnapshot(sdp, golden('player.offer.sdp'), { serializers: [String] })
})

test('picture and sound are in different streams, so that no browser delays one for the other', () => {
  const sdp = writeViewerOffer({ sessionId: '1', version: 1, transport: TRANSPORT, sections: SECTIONS })
  const streams = [...sdp.matchAll(/^a=msid:(\S+)/gm)].map(([, stream]) => stream)
  assert.equal(new Set(streams).size, 2)
})

test('a section without a sender keeps its place and says inactive', () => {
  const sections = SECTIONS.map((section) => (section.mid === 'audio' ? { ...section, active: false } : section))
  const sdp = writeViewerOffer({ sessionId: '1', version: 2, transport: TRANSPORT, sections })
  assert.deepEqual(
    [...sdp.matchAll(/^a=mid:(\S+)/gm)].map(([, mid]) => mid),
    ['video', 'audio', 'data'],
  )
  assert.match(sdp, /a=mid:audio\r\na=inactive/)
  assert.ok(!sdp.includes('2222'))
})

test('of an answer fingerprint and role are read', () => {
  assert.deepEqual(readViewerAnswer(answer(), SECTIONS), { fingerprint: FINGERPRINT, role: 'client' })
  const passive = answer((sdp) => sdp.replaceAll('setup:active', 'setup:passive'))
  assert.equal(readViewerAnswer(passive, SECTIONS).role, 'server')
})

test('an answer that rejects the picture says which codec the browser lacks', () => {
  const rejected = answer((sdp) => sdp.replace('m=video 9', 'm=video 0'))
  assert.throws(() => readViewerAnswer(rejected, SECTIONS), { code: 'ERR_CODEC', message: /H264/ })
})

test('what is no answer to the offer is refused', () => {
  for (const sdp of [
    '',
    'v=0',
    answer((text) => text.replace(/m=application[^]*/, '')),
    answer((text) => text.replaceAll('sha-256', 'sha-1')),
  ]) {
    assert.throws(() => readViewerAnswer(sdp, SECTIONS), { code: 'ERR_SDP' })
  }
})
