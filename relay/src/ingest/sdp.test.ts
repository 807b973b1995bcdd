// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { ERRORS, NestriError } from '@nestri/protocol'
import type { ErrorCode } from '@nestri/protocol'
import type { TransportDescription } from '../sfu/media-types.ts'
import { writeIngestAnswer } from './answer.ts'
import { readIngestOffer } from './offer.ts'

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url))
const offerSdp = await readFile(golden('webrtcbin-1.22.offer.sdp'), 'utf8')

const TRANSPORT: TransportDescription = {
  usernameFragment: 'ufrag',
  password: 'password-of-ice',
  fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
  candidates: [
    { address: '192.0.2.7', port: 8089, protocol: 'udp' },
    { address: '192.0.2.7', port: 8089, protocol: 'tcp' },
  ],
  sctp: { port: 5000, maxMessageSizeBytes: 262_144 },
}

function refusal(sdp: string): { code: ErrorCode; message: string } {
  try {
    readIngestOffer(sdp)
  } catch (error) {
    assert.ok(error instanceof NestriError, String(error))
    return { code: error.code, message: error.message }
  }
  return assert.fail('the offer was taken')
}

test('an offer of webrtcbin becomes the parameters of its producers', () => {
  const { remote, sections } = readIngestOffer(offerSdp)
  assert.equal(remote.role, 'client')
  assert.match(remote.fingerprint, /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/)
  assert.deepEqual(
    sections.map(({ use, mid }) => [use, mid]),
    [
      ['media', 'video0'],
      ['media', 'audio1'],
      ['data', 'application2'],
    ],
  )
  const [video, audio] = sections
  assert.ok(video?.use === 'media' && audio?.use === 'media')
  assert.deepEqual(video.rtpParameters, {
    mid: 'video0',
    codecs: [
      {
        mimeType: 'video/H264',
        payloadType: 96,
        clockRate: 90_000,
        parameters: { 'packetization-mode': 1, 'profile-level-id': '42c01e', 'level-asymmetry-allowed': 1 },
        rtcpFeedback: [
          { type: 'nack' },
          { type: 'nack', parameter: 'pli' },
          { type: 'ccm', parameter: 'fir' },
          { type: 'transport-cc' },
        ],
      },
      { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 96 }, rtcpFeedback: [] },
    ],
    headerExtensions: [
      [5, 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'],
      [1, 'urn:ietf:params:rtp-hdrext:sdes:mid'],
      [8, 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay'],
      [7, 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time'],
    ].map(([id, uri]) => ({ uri, id, encrypt: false, parameters: {} })),
    encodings: [{ ssrc: 3_390_942_734, rtx: { ssrc: 2_252_450_125 } }],
    rtcp: { reducedSize: true, cname: 'user2389798074@host-d8c550fb' },
  })
  assert.deepEqual(
    audio.rtpParameters.codecs.map(({ mimeType }) => mimeType),
    ['audio/opus'],
    'RTX of Opus is dropped: routers have none',
  )
  assert.deepEqual(audio.rtpParameters.encodings, [{ ssrc: 384_532_288 }])
})

test('the answer repeats mids, payload types and extension ids of the offer', (t) => {
  const answer = writeIngestAnswer(readIngestOffer(offerSdp), TRANSPORT, '17')
  t.assert.fileSnapshot(answer, golden('webrtcbin-1.22.answer.sdp'), { serializers: [String] })
})

test('a profile-level-id that looks like a number stays text', () => {
  const { sections } = readIngestOffer(offerSdp.replace('42c01e', '420029'))
  const [video] = sections
  assert.ok(video?.use === 'media')
  assert.equal(video.rtpParameters.codecs[0]?.parameters?.['profile-level-id'], '420029')
})

test('a second video and an unknown section are rejected in their place', () => {
  const extra =
    'm=video 9 UDP/TLS/RTP/SAVPF 120\r\na=mid:second\r\na=rtpmap:120 VP8/90000\r\nm=text 9 RTP/AVP 98\r\na=mid:t\r\n'
  const offer = readIngestOffer(`${offerSdp}${extra}`)
  assert.deepEqual(
    offer.sections.map(({ use }) => use),
    ['media', 'media', 'data', 'rejected', 'rejected'],
  )
  const answer = writeIngestAnswer(offer, TRANSPORT, '1')
  assert.match(answer, /a=group:BUNDLE video0 audio1 application2\r\n/)
  assert.match(answer, /m=video 0 UDP\/TLS\/RTP\/SAVPF 120\r\n/)
})

test('what cannot be published is refused with what is wrong', () => {
  const cases: [string, RegExp][] = [
    ['', /m-lines/],
    ['v=0\r\n', /m-lines/],
    [offerSdp.replace(/a=fingerprint.*\r?\n/g, ''), /fingerprint/],
    [offerSdp.replace(/sha-256/g, 'sha-1'), /fingerprint/],
    [offerSdp.replace(/a=fingerprint:sha-256 ../, 'a=fingerprint:sha-256 00'), /different fingerprints/],
    [offerSdp.replace(/H264/g, 'H265'), /does not carry video as H265/],
    [offerSdp.replace('packetization-mode=1', 'packetization-mode=0'), /H264/],
    [offerSdp.replace('m=video 9', 'm=video 0'), /no video/],
    [offerSdp.replaceAll('audio1', 'video0'), /same mid/],
    [offerSdp.replace(/a=ssrc.*\r?\n/g, '').replace(/a=extmap:1 .*\r?\n/g, ''), /neither an ssrc/],
    [`${offerSdp}${'m=audio 9 RTP/AVP 0\r\n'.repeat(9)}`, /too many/],
  ]
  for (const [sdp, words] of cases) {
    const { code, message } = refusal(sdp)
    assert.equal(code, 'ERR_SDP')
    assert.match(message, words)
  }
})

test('whatever is cut out of or into an offer, the outcome is parameters or a refusal', () => {
  let state = 7
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % below
  }
  for (let i = 0; i < 1_500; i++) {
    const at = random(offerSdp.length)
    const cut = random(40)
    const junk = offerSdp.slice(random(offerSdp.length)).slice(0, random(30))
    const mutated = `${offerSdp.slice(0, at)}${junk}${offerSdp.slice(at + cut)}`
    try {
      writeIngestAnswer(readIngestOffer(mutated), TRANSPORT, '1')
    } catch (error) {
      assert.ok(error instanceof NestriError && Object.hasOwn(ERRORS, error.code), `${String(error)}\n${mutated}`)
    }
  }
})
