// SPDX-License-Identifier: Apache-2.0
// A picture that is lost for longer than retransmissions reach back heals by a key frame that the browser asks for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pause, waitFor } from '@nestri/runtime'
import {
  freePorts,
  inboundStats,
  openBrowser,
  openProxiedPage,
  openRelay,
  openStreamer,
  openUdpProxy,
  pictureAgeMs,
} from '../support/index.ts'

const ROOM = 'loss'

test('after 3 s without any packet the picture is back at once, by a key frame', async (t) => {
  await using relay = await openRelay()
  await using _streamer = await openStreamer(relay, { room: ROOM })
  const first = await freePorts(2)
  await using one = await openUdpProxy(relay.mediaPort, first)
  await using two = await openUdpProxy(relay.mediaPort + 1, first + 1)
  const browser = await openBrowser()
  t.after(async () => await browser.close())
  const page = await openProxiedPage(browser, await relay.link(ROOM, 'player'), [
    [relay.mediaPort, one.port],
    [relay.mediaPort + 1, two.port],
  ])
  const fresh = async (): Promise<boolean> => ((await pictureAgeMs(page)) ?? Number.POSITIVE_INFINITY) < 300
  await waitFor(fresh, { what: 'a fresh picture', deadlineMs: 10_000 })
  const before = await inboundStats(page)
  for (const proxy of [one, two]) proxy.impair({ loss: 1 })
  await pause(3_000)
  assert.equal(await fresh(), false, 'the picture stands still while nothing arrives')
  for (const proxy of [one, two]) proxy.impair({ loss: 0 })
  const startedAt = performance.now()
  await waitFor(fresh, { what: 'a fresh picture', deadlineMs: 5_000, everyMs: 20 })
  t.diagnostic(`picture back ${Math.round(performance.now() - startedAt)} ms after the network`)
  const after = await inboundStats(page)
  assert.ok((after?.pliCount ?? 0) > (before?.pliCount ?? 0), 'the browser asked for a key frame')
  assert.ok((after?.keyFramesDecoded ?? 0) > (before?.keyFramesDecoded ?? 0), 'and got one')
})
