// SPDX-License-Identifier: Apache-2.0
// The encoder follows the player's link, and nobody else's.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pause, waitFor } from '@nestri/runtime'
import type { Browser, Page } from 'playwright-core'
import {
  freePorts,
  inboundStats,
  openBrowser,
  openPage,
  openProxiedPage,
  openRelay,
  openStreamer,
  openUdpProxy,
  type Program,
  type Relay,
  type UdpProxy,
} from '../support/index.ts'

const ROOM = 'bitrate'
const RANGE = { VIDEO_BITRATE: '6000', VIDEO_BITRATE_MAX: '8000', NESTRI_VIDEO_BITRATE_MIN: '800' }

describe('a room whose viewers have links of their own', () => {
  let relay: Relay
  let streamer: Program
  let browser: Browser
  let proxies: UdpProxy[]

  before(async () => {
    relay = await openRelay()
    streamer = await openStreamer(relay, { room: ROOM, env: RANGE })
    browser = await openBrowser()
    const first = await freePorts(2)
    proxies = [await openUdpProxy(relay.mediaPort, first), await openUdpProxy(relay.mediaPort + 1, first + 1)]
  })
  after(async () => {
    await browser?.close()
    for (const proxy of proxies ?? []) await proxy[Symbol.asyncDispose]()
    await streamer?.[Symbol.asyncDispose]()
    await relay?.[Symbol.asyncDispose]()
  })

  /** What the relay asks the encoder for at this moment; the room's own figures would be up to a second old. */
  const targetKbps = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${relay.metricsPort}/metrics`)).text()
    return (
      Number(/^nestri_relay_target_bitrate_bits_per_second\{stat="mean"\} (\S+)/m.exec(metrics)?.[1] ?? Number.NaN) /
      1000
    )
  }
  const encodedKbps = async (): Promise<number> => (await relay.room(ROOM))?.stats?.bitrateKbps ?? Number.NaN

  const throttled = async (role: 'player' | 'spectator'): Promise<Page> => {
    const ports = proxies.map((proxy, worker) => [relay.mediaPort + worker, proxy.port] as const)
    return await openProxiedPage(browser, await relay.link(ROOM, role), ports)
  }

  test('the target falls within 3 s when the player is throttled to 2 Mbit/s, and comes back', async (t) => {
    const page = await throttled('player')
    await pause(1_000)
    const proxy = proxies.find((candidate) => candidate.counts().packets > 100)
    assert.ok(proxy, "the player's media goes through a proxy")
    await pause(8_000)
    const before = await targetKbps()
    assert.ok(before > 4_000, `the target is ${before} kbit/s on a clean link`)
    proxy.impair({ rateKbps: 2_000, queueMs: 300 })
    const startedAt = performance.now()
    await waitFor(async () => (await targetKbps()) <= 2_200, {
      what: 'a target below 2.2 Mbit/s',
      deadlineMs: 3_000,
      everyMs: 50,
    })
    t.diagnostic(`down to ${await targetKbps()} kbit/s after ${Math.round(performance.now() - startedAt)} ms`)
    await pause(5_000)
    assert.ok((await encodedKbps()) <= 2_600, `the encoder still makes ${await encodedKbps()} kbit/s`)
    proxy.impair({ rateKbps: Number.POSITIVE_INFINITY })
    await waitFor(async () => (await targetKbps()) >= before * 0.8, {
      what: 'the old target',
      deadlineMs: 40_000,
      everyMs: 200,
    })
    t.diagnostic(
      `back at ${await targetKbps()} kbit/s ${Math.round(performance.now() - startedAt)} ms after the throttle`,
    )
    await page.context().close()
  })

  test('a throttled spectator changes nothing for the player', async () => {
    const player = await openPage(browser, await relay.link(ROOM, 'player'))
    await waitFor(async () => ((await inboundStats(player))?.framesDecoded ?? 0) > 30, {
      what: 'a picture',
      deadlineMs: 20_000,
    })
    await waitFor(async () => (await targetKbps()) > 4_000, { what: 'a full target', deadlineMs: 40_000 })
    for (const proxy of proxies) proxy.counts()
    const spectator = await throttled('spectator')
    for (const proxy of proxies) proxy.impair({ rateKbps: 1_000, queueMs: 300 })
    const before = await targetKbps()
    const decoded = (await inboundStats(player))?.framesDecoded ?? 0
    await pause(6_000)
    assert.ok(
      proxies.some((proxy) => proxy.counts().dropped > 50),
      "the spectator's link really is too thin",
    )
    assert.ok((await targetKbps()) >= before * 0.95, `the target went from ${before} to ${await targetKbps()} kbit/s`)
    const frames = ((await inboundStats(player))?.framesDecoded ?? 0) - decoded
    assert.ok(frames >= 6 * 60 * 0.95, `the player decoded ${frames} frames in 6 s`)
    await spectator.context().close()
    await player.context().close()
  })
})
