// SPDX-License-Identifier: Apache-2.0
// One encode, from the test source through a real relay into a real browser and into an independent receiver.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { RoomFacts } from '@nestri/protocol'
import { pause, waitFor } from '@nestri/runtime'
import type { Browser, Page } from 'playwright-core'
import {
  glassToGlassMs,
  inboundStats,
  inviteClaims,
  openBrowser,
  openPage,
  openReceiver,
  openRelay,
  openStreamer,
  type Program,
  readFrames,
  recordFrames,
  type Relay,
} from '../support/index.ts'
import '../support/end-process.ts'

const ROOM = 'picture'

describe('a room with the test picture at 720p60', () => {
  let relay: Relay
  let streamer: Program
  let browser: Browser
  let page: Page

  before(async () => {
    relay = await openRelay()
    streamer = await openStreamer(relay, { room: ROOM })
    browser = await openBrowser()
    page = await openPage(browser, await relay.link(ROOM, 'player'))
    await waitFor(async () => ((await inboundStats(page))?.framesDecoded ?? 0) > 30, {
      what: 'a picture',
      deadlineMs: 20_000,
    })
  })
  after(async () => {
    await browser?.close()
    await streamer?.[Symbol.asyncDispose]()
    await relay?.[Symbol.asyncDispose]()
  })

  const facts = async (): Promise<RoomFacts> => {
    const room = await relay.room(ROOM)
    assert.ok(room)
    return room
  }
  const receiver = async (role: 'player' | 'spectator' = 'spectator'): Promise<ReturnType<typeof openReceiver>> =>
    openReceiver({ url: relay.url, room: ROOM, token: await relay.keys.sign(inviteClaims(ROOM, role)) })

  test('the browser decodes at least 95 % of the encoded frames after warm-up', async (t) => {
    await pause(10_000)
    const encodedBefore = (await facts()).stats?.framesEncoded ?? 0
    const decodedBefore = (await inboundStats(page))?.framesDecoded ?? 0
    await recordFrames(page)
    await pause(15_000)
    const encoded = ((await facts()).stats?.framesEncoded ?? 0) - encodedBefore
    const video = await inboundStats(page)
    const decoded = (video?.framesDecoded ?? 0) - decodedBefore
    const frames = await readFrames(page)
    const latency = glassToGlassMs(frames).sort((a, b) => a - b)
    t.diagnostic(`encoded ${encoded}, decoded ${decoded}, presented ${frames.length}, clock read in ${latency.length}`)
    t.diagnostic(
      `drawn to presented: p50 ${latency[latency.length >> 1]} ms, p95 ${latency[Math.floor(latency.length * 0.95)]} ms`,
    )
    assert.ok(encoded > 15 * 60 * 0.9, `the streamer encoded only ${encoded} frames in 15 s`)
    // Both readings of the room's figures are equally old, so the window has the same length for both ends.
    assert.ok(decoded >= encoded * 0.95, `${decoded} of ${encoded} frames were decoded`)
    assert.equal(video?.frameWidth, 1280)
    assert.equal(video?.frameHeight, 720)
    assert.ok(
      latency.length >= frames.length * 0.95,
      `the clock was read in ${latency.length} of ${frames.length} frames`,
    )
  })

  test('playout-delay and abs-capture-time are on every video packet that a viewer gets', async () => {
    using viewer = await receiver()
    await viewer.playing()
    await waitFor(() => viewer.received.videoPackets > 1_000, { what: '1000 packets', deadlineMs: 15_000 })
    const { videoPackets, playoutDelay, absCaptureTime } = viewer.received
    assert.equal(playoutDelay, videoPackets)
    assert.equal(absCaptureTime, videoPackets)
  })

  test('a viewer that joins in the middle gets a key frame at once', async (t) => {
    await pause(1_000)
    using viewer = await receiver()
    await viewer.playing(3_000)
    t.diagnostic(`first key frame ${viewer.received.firstKeyFrameAfterMs?.toFixed(0)} ms after the socket was opened`)
    assert.equal(viewer.received.frames, 1, 'the first frame that arrives is the key frame')
  })

  test('a storm of key-frame requests makes at most two key frames a second', async () => {
    using viewer = await receiver('player')
    await viewer.playing()
    await pause(1_000)
    const before = viewer.received.keyFrames
    const end = performance.now() + 4_000
    while (performance.now() < end) {
      viewer.requestKeyFrame()
      await pause(20)
    }
    await pause(500)
    const made = viewer.received.keyFrames - before
    assert.ok(made >= 4 && made <= 9, `${made} key frames in 4 s of requests`)
  })

  test('nobody gets a key frame that was not asked for in 60 s', async () => {
    using viewer = await receiver()
    await viewer.playing()
    await pause(2_000)
    const before = viewer.received.keyFrames
    const unasked = (await facts()).stats?.keyFrames.unasked ?? 0
    await pause(60_000)
    assert.equal(viewer.received.keyFrames - before, 0)
    assert.equal((await facts()).stats?.keyFrames.unasked, unasked)
  })
})
