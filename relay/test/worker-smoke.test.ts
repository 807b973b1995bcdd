// SPDX-License-Identifier: Apache-2.0
// Proves that the mediasoup worker at hand works in the one place where a wrong build of it crashes: a DTLS handshake,
// then encrypted RTP in both directions. The set-up runs this file with MEDIASOUP_WORKER_BIN naming a worker that it has
// just downloaded or built, before the worker is put into use; `npm test` runs it with the one in use.

import assert from 'node:assert/strict'
import test from 'node:test'
import { createWorker } from 'mediasoup'
import type { Consumer, Router, WebRtcTransport } from 'mediasoup/types'
import { Audio, cleanup, PeerConnection } from 'node-datachannel'

/** Both run on one machine without other load; a worker that needs longer is not fit for use. */
const HANDSHAKE_DEADLINE_MS = 5_000
const PACKETS = 20
const SEND_INTERVAL_MS = 5
const SENT_SSRC = 0x1234_5678
const SENT_PAYLOAD_TYPE = 111
const OPUS = { mimeType: 'audio/opus', clockRate: 48_000, channels: 2 } as const

/** What the peer says about itself in its offer (RFC 8122, section 5). */
function fingerprintOf(offer: string): string {
  const value = /^a=fingerprint:sha-256 (\S+)/m.exec(offer)?.[1]
  assert.ok(value !== undefined, 'the peer offers no SHA-256 fingerprint')
  return value
}

/** The worker's side of the session: it receives the peer's packets on mid 0 and returns them on mid 1. */
function answerOf(transport: WebRtcTransport, consumer: Consumer): string {
  const fingerprint = transport.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256')
  const payloadType = consumer.rtpParameters.codecs[0]?.payloadType
  const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc
  assert.ok(fingerprint !== undefined && payloadType !== undefined && ssrc !== undefined)
  const { usernameFragment, password } = transport.iceParameters
  const candidates = transport.iceCandidates.map(
    ({ foundation, protocol, priority, address, port, type }) =>
      `a=candidate:${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}`,
  )
  const section = (mid: string, format: number, direction: string): string[] => [
    `m=audio 9 UDP/TLS/RTP/SAVPF ${format}`,
    'c=IN IP4 127.0.0.1',
    `a=mid:${mid}`,
    `a=${direction}`,
    'a=rtcp-mux',
    `a=rtpmap:${format} opus/48000/2`,
    `a=ice-ufrag:${usernameFragment}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:sha-256 ${fingerprint.value}`,
    'a=setup:passive',
    ...candidates,
  ]
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=group:BUNDLE 0 1',
    ...section('0', SENT_PAYLOAD_TYPE, 'recvonly'),
    ...section('1', payloadType, 'sendonly'),
    `a=ssrc:${ssrc} cname:smoke`,
    '',
  ].join('\r\n')
}

/** One RTP packet (RFC 3550, section 5.1) that ends with `sequence`. */
function rtpPacket(sequence: number): Buffer {
  const packet = Buffer.alloc(32)
  packet.writeUInt8(0x80, 0)
  packet.writeUInt8(SENT_PAYLOAD_TYPE, 1)
  packet.writeUInt16BE(sequence, 2)
  packet.writeUInt32BE(sequence * 480, 4)
  packet.writeUInt32BE(SENT_SSRC, 8)
  packet.writeUInt16BE(sequence, 30)
  return packet
}

async function openEcho(router: Router): Promise<{ transport: WebRtcTransport; consumer: Consumer }> {
  const transport = await router.createWebRtcTransport({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] })
  const producer = await transport.produce({
    kind: 'audio',
    rtpParameters: {
      mid: '0',
      codecs: [{ ...OPUS, payloadType: SENT_PAYLOAD_TYPE, parameters: {}, rtcpFeedback: [] }],
      encodings: [{ ssrc: SENT_SSRC }],
      rtcp: { cname: 'smoke' },
    },
  })
  const consumer = await transport.consume({
    producerId: producer.id,
    rtpCapabilities: router.rtpCapabilities,
    mid: '1',
  })
  return { transport, consumer }
}

test('the worker completes a DTLS handshake and carries RTP both ways', { timeout: 20_000 }, async (t) => {
  const worker = await createWorker({ logLevel: 'warn' })
  t.after(() => worker.close())
  const died = new Promise<never>((_, reject) => {
    worker.on('died', (error) => reject(new Error('the worker died', { cause: error })))
  })
  // Without a race below it would be an unhandled rejection; the race sees the same one.
  died.catch(() => undefined)
  const router = await worker.createRouter({ mediaCodecs: [{ kind: 'audio', ...OPUS }] })
  const { transport, consumer } = await openEcho(router)

  const peer = new PeerConnection('smoke', { iceServers: [], bindAddress: '127.0.0.1', disableAutoNegotiation: true })
  t.after(() => {
    peer.close()
    // Ends the library's threads, which would keep the process alive.
    cleanup()
  })
  const sending = new Audio('0', 'SendOnly')
  sending.addOpusCodec(SENT_PAYLOAD_TYPE)
  sending.addSSRC(SENT_SSRC, 'smoke', 'smoke', 'smoke')
  const receiving = new Audio('1', 'RecvOnly')
  receiving.addOpusCodec(consumer.rtpParameters.codecs[0]?.payloadType ?? 0)
  const out = peer.addTrack(sending)
  const back = peer.addTrack(receiving)
  const opened = new Promise<void>((resolve) => out.onOpen(resolve))
  const received = new Set<number>()
  const echoed = new Promise<void>((resolve) => {
    back.onMessage((message) => {
      const packet = Buffer.from(message)
      // RTCP shares the track; its packet types are 192-223 (RFC 5761, section 4).
      if (packet.length < 14 || (packet[1] ?? 0) >= 192) return
      received.add(packet.readUInt16BE(packet.length - 2))
      if (received.size >= PACKETS) resolve()
    })
  })
  const offered = new Promise<string>((resolve) => peer.onLocalDescription(resolve))
  peer.setLocalDescription('offer')
  const offer = await offered
  await transport.connect({
    dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: fingerprintOf(offer) }] },
  })
  peer.setRemoteDescription(answerOf(transport, consumer), 'answer')

  const deadline = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`DTLS is ${transport.dtlsState}, ${received.size} of ${PACKETS} packets came back`))
    }, HANDSHAKE_DEADLINE_MS)
    t.after(() => clearTimeout(timer))
  })
  await Promise.race([opened, died, deadline])
  let sequence = 0
  const sender = setInterval(() => {
    out.sendMessageBinary(rtpPacket(sequence))
    sequence += 1
  }, SEND_INTERVAL_MS)
  t.after(() => clearInterval(sender))
  await Promise.race([echoed, died, deadline])
  assert.equal(transport.dtlsState, 'connected')
})
