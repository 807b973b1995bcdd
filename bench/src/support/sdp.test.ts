// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOfferedVideo, readRemoteEnd, writeAnswer, writePublisherOffer } from './sdp.ts'

const OFFER = [
  'v=0',
  'o=nestri 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=ice-lite',
  'a=group:BUNDLE audio video data',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:frag',
  'a=ice-pwd:secret',
  'a=candidate:udp0 1 udp 2130706431 10.0.0.1 8089 typ host',
  'a=candidate:udp1 1 udp 2130706431 127.0.0.1 8089 typ host',
  'a=candidate:tcp0 1 tcp 2130706431 127.0.0.1 8089 typ host tcptype passive',
  'a=mid:audio',
  'a=sendonly',
  'a=ssrc:1 cname:x',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 98',
  'a=mid:video',
  'a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=ssrc-group:FID 77 78',
  'a=ssrc:77 cname:x',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:data',
  'a=sctp-port:5000',
  '',
].join('\r\n')

test('the loopback UDP candidate of a relay is taken, with its credentials', () => {
  assert.deepEqual(readRemoteEnd(OFFER), { address: '127.0.0.1', port: 8089, fragment: 'frag', password: 'secret' })
})

test('the video of an offer is told from its sound', () => {
  const { ssrc, transportCcId } = readOfferedVideo(OFFER)
  assert.deepEqual({ ssrc, transportCcId }, { ssrc: 77, transportCcId: 5 })
})

test('an answer takes every section in order, as the active end', () => {
  const answer = writeAnswer(OFFER, 'AB:CD', 'me')
  assert.deepEqual(
    [...answer.matchAll(/^a=mid:(\S+)/gm)].map(([, mid]) => mid),
    ['audio', 'video', 'data'],
  )
  assert.equal(answer.match(/^a=setup:active/gm)?.length, 3)
  assert.equal(answer.match(/^a=recvonly/gm)?.length, 2)
  assert.match(answer, /^a=fingerprint:sha-256 AB:CD/m)
})

test('a description without candidates is told and not guessed', () => {
  assert.throws(() => readRemoteEnd('v=0\r\n'), /no UDP candidate/)
})

test('the publisher offers one stream of H.264 with the extensions of our runner', () => {
  const offer = writePublisherOffer('AB:CD', 'me', 7)
  assert.equal(offer.match(/^a=extmap:/gm)?.length, 4)
  assert.match(offer, /^a=ssrc:7 cname/m)
  assert.match(offer, /packetization-mode=1/)
})
