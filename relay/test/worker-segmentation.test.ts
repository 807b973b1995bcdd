// SPDX-License-Identifier: Apache-2.0
// The worker gathers datagrams for one destination and lets the kernel cut them up again. Whatever the sizes and the
// number of receivers, each receiver gets every packet once, whole and in order.

import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import test from 'node:test'
import { waitFor } from '@nestri/runtime'
import { createWorker } from 'mediasoup'
import type { PlainTransport, Router } from 'mediasoup/types'

const SSRC = 0x0bad_cafe
const PAYLOAD_TYPE = 100
const RTP_HEADER_BYTES = 12
/** Bursts like frames: read by the worker in one go, so that they are gathered. */
const BURSTS = 40
const BURST_INTERVAL_MS = 8
const RECEIVERS = 12

const OPUS = { mimeType: 'audio/opus', clockRate: 48_000, channels: 2 } as const

/** Sizes of one burst's payloads: equal ones, shorter and longer ones between, the smallest and the largest. */
const SIZES = [1200, 1200, 1200, 700, 1200, 1199, 1200, 1200, 1, 1200, 40, 40, 40, 1400, 1200, 1200, 1200, 3]

/** The payload of packet `sequence`: its number, then bytes that depend on number and place. */
function payloadOf(sequence: number): Buffer {
  const length = SIZES[sequence % SIZES.length] ?? 0
  return Buffer.from(Array.from({ length }, (_, place) => (sequence * 31 + place * 7) & 0xff))
}

function rtpPacket(sequence: number): Buffer {
  const header = Buffer.alloc(RTP_HEADER_BYTES)
  header.writeUInt8(0x80, 0)
  header.writeUInt8(PAYLOAD_TYPE, 1)
  header.writeUInt16BE(sequence, 2)
  header.writeUInt32BE(sequence * 480, 4)
  header.writeUInt32BE(SSRC, 8)
  return Buffer.concat([header, payloadOf(sequence)])
}

/** The payload behind the header, its extension and its contributing sources (RFC 3550, section 5.1). */
function payloadIn(packet: Buffer): Buffer {
  const first = packet.readUInt8(0)
  const sources = RTP_HEADER_BYTES + (first & 0x0f) * 4
  const extension = (first & 0x10) === 0 ? 0 : 4 + packet.readUInt16BE(sources + 2) * 4
  return packet.subarray(sources + extension)
}

interface Receiver {
  socket: Socket
  payloads: Buffer[]
}

async function openReceiver(family: 'udp4' | 'udp6', address: string): Promise<Receiver> {
  const socket = createSocket({ type: family, recvBufferSize: 4 * 1024 * 1024 })
  const payloads: Buffer[] = []
  socket.on('message', (packet) => {
    // RTCP comes to the same port (RFC 5761).
    if ((packet[1] ?? 0) < 192) payloads.push(payloadIn(packet))
  })
  socket.bind(0, address)
  await once(socket, 'listening')
  return { socket, payloads }
}

async function openPlain(router: Router, ip: string): Promise<PlainTransport> {
  return router.createPlainTransport({ listenInfo: { protocol: 'udp', ip }, rtcpMux: true, comedia: false })
}

for (const [family, ip] of [
  ['udp4', '127.0.0.1'],
  ['udp6', '::1'],
] as const) {
  test(`every receiver gets every byte in order over ${family}`, { timeout: 30_000 }, async (t) => {
    const worker = await createWorker({ logLevel: 'warn' })
    t.after(() => worker.close())
    const router = await worker.createRouter({
      mediaCodecs: [{ kind: 'audio', ...OPUS }],
    })
    const origin = createSocket(family)
    origin.bind(0, ip)
    await once(origin, 'listening')
    t.after(() => origin.close())
    const ingest = await openPlain(router, ip)
    await ingest.connect({ ip, port: origin.address().port })
    const producer = await ingest.produce({
      kind: 'audio',
      rtpParameters: {
        codecs: [{ ...OPUS, payloadType: PAYLOAD_TYPE, parameters: {}, rtcpFeedback: [] }],
        encodings: [{ ssrc: SSRC }],
      },
    })
    const receivers: Receiver[] = []
    for (let i = 0; i < RECEIVERS; i += 1) {
      const receiver = await openReceiver(family, ip)
      t.after(() => receiver.socket.close())
      const transport = await openPlain(router, ip)
      await transport.connect({ ip, port: receiver.socket.address().port })
      await transport.consume({ producerId: producer.id, rtpCapabilities: router.rtpCapabilities })
      receivers.push(receiver)
    }

    const total = BURSTS * SIZES.length
    let sent = 0
    const timer = setInterval(() => {
      for (const _ of SIZES) {
        origin.send(rtpPacket(sent), ingest.tuple.localPort, ip)
        sent += 1
      }
      if (sent === total) clearInterval(timer)
    }, BURST_INTERVAL_MS)
    t.after(() => clearInterval(timer))
    await waitFor(() => sent === total && receivers.every(({ payloads }) => payloads.length >= total), {
      what: `${total} packets at each of ${RECEIVERS} receivers`,
      deadlineMs: 10_000,
    })
    for (const { payloads } of receivers) {
      assert.equal(payloads.length, total)
      payloads.forEach((payload, sequence) => {
        assert.ok(payload.equals(payloadOf(sequence)), `packet ${sequence} arrived changed or out of order`)
      })
    }
  })
}
