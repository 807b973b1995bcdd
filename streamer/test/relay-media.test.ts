// SPDX-License-Identifier: Apache-2.0
// Media from the test source through a real encoder and webrtcbin into a real relay.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { INGEST_VERSION } from '@nestri/protocol'
import type { RelayToRunner, StreamStats, VideoCodec } from '@nestri/protocol'
import { createLogger, waitFor } from '@nestri/runtime'
import { RelayLink } from '../src/relay-link.ts'
import { startEncoder } from './support/encoder.ts'
import type { TestEncoder } from './support/encoder.ts'
import { openRealRelay } from './support/real-relay.ts'
import { aRequest } from './support/requests.ts'
import { startStreamer } from './support/streamer.ts'

test('a relay that is killed and started again gets the picture back from the same encoder process', async () => {
  await using relay = await openRealRelay()
  await using streamer = startStreamer(relay.url)
  await streamer.state('streaming')
  await relay.crashAndRestart()
  await streamer.state('streaming', 1)
  assert.equal(streamer.encoderPids().length, 1)
})

test('an encoder process that is killed is replaced and streams again', async () => {
  await using relay = await openRealRelay()
  await using streamer = startStreamer(relay.url)
  await streamer.state('streaming')
  streamer.killEncoder('SIGKILL')
  await streamer.state('streaming', 1)
  assert.equal(streamer.encoderPids().length, 2)
})

/** Connects an encoder process to a relay, as the streamer does, and waits until media flows. */
async function connect(encoder: TestEncoder, url: string): Promise<RelayLink> {
  const { sdp } = await encoder.next('offer')
  const answered = Promise.withResolvers<string>()
  const link = new RelayLink({
    relayUrl: url,
    announce: () => ({
      type: 'announce',
      version: INGEST_VERSION,
      room: 'demo',
      epoch: 1,
      bitrate: { minKbps: 500, startKbps: 6000, maxKbps: 8000 },
      encoder: null,
    }),
    log: createLogger('test', 'silent'),
    onAdmitted: () => void link.send({ type: 'offer', negotiation: 1, sdp }),
    onMessage: (message: RelayToRunner) => {
      if (message.type === 'answer') answered.resolve(message.sdp)
      if (message.type === 'error') answered.reject(new Error(message.message))
    },
    onLost: (reason) => answered.reject(new Error(reason)),
  })
  link.open()
  await encoder.process.request({ type: 'answer', sdp: await answered.promise })
  await waitFor(() => encoder.events.some((event) => event.type === 'connection' && event.state === 'connected'), {
    what: 'a media connection',
    deadlineMs: 10_000,
    everyMs: 20,
  })
  return link
}

/** The figures of the next `seconds` seconds. */
async function figures(encoder: TestEncoder, seconds: number): Promise<StreamStats[]> {
  const all = (): StreamStats[] => encoder.events.flatMap((event) => (event.type === 'stats' ? [event.stats] : []))
  const before = all().length
  await encoder.next('stats', before + seconds - 1)
  return all().slice(before)
}

function figuresText(stats: readonly StreamStats[]): string {
  return stats.map(({ bitrateKbps, framesPerSecond }) => `${bitrateKbps} kbit/s at ${framesPerSecond}/s`).join(', ')
}

function mean(stats: readonly StreamStats[]): number {
  return stats.reduce((sum, { bitrateKbps }) => sum + bitrateKbps, 0) / stats.length
}

const ENCODERS: readonly [element: string, codec: VideoCodec][] = [
  ['x264enc', 'h264'],
  ['openh264enc', 'h264'],
  ['vp8enc', 'vp8'],
]

for (const [element, codec] of ENCODERS) {
  test(`${element} follows a bitrate from 6 to 2 Mbit/s without a key frame`, async () => {
    await using relay = await openRealRelay()
    await using encoder = startEncoder()
    await encoder.process.hello()
    const { encoder: facts } = await encoder.process.start(aRequest({ wish: { element, codec, fallback: 'deny' } }))
    assert.equal(facts.name, element)
    const link = await connect(encoder, relay.url)
    try {
      await figures(encoder, 2)
      const high = await figures(encoder, 3)
      await encoder.process.request({ type: 'bitrate', bitrateKbps: 2000 })
      await figures(encoder, 1)
      const low = await figures(encoder, 3)
      // A wrong unit makes the rate immovable: the picture is hard enough for twice the lower rate.
      assert.ok(mean(high) > 3000, `${figuresText(high)} of 6000`)
      assert.ok(mean(high) < 6000 * 1.5, `${figuresText(high)} of 6000`)
      assert.ok(mean(low) < 2000 * 1.2, `${figuresText(low)} of 2000 after ${figuresText(high)}`)
      assert.ok(mean(low) > 2000 * 0.5, `${figuresText(low)} of 2000`)
      const keyFrames = low.at(-1)?.keyFrames
      assert.equal(keyFrames?.unasked, 0)
      assert.equal(keyFrames.start, 1)
    } finally {
      link.close()
    }
  })
}
