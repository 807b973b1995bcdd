// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pause, waitFor } from '@nestri/runtime'
import { openChromiumViewer } from './support/chromium-viewer.ts'
import { anInvite, aRunner } from './support/keys.ts'
import { startPublisher } from './support/publisher.ts'
import { startRelay } from './support/relay-process.ts'
import { openUdpProxy } from './support/udp-proxy.ts'

const RANGE = { minKbps: 500, startKbps: 4_500, maxKbps: 5_000 }

test('the encoder follows the link of the player: down within 3 s at 2 Mbit/s, and up again', async (t) => {
  await using relay = await startRelay()
  const { url, keys, mediaPort } = relay
  await using proxy = await openUdpProxy(mediaPort)
  const token = await keys.sign(aRunner('demo'))
  using publisher = startPublisher({ url, room: 'demo', token, bitrate: RANGE, framerateFps: 60 })
  await publisher.flowing()
  const invite = await keys.sign(anInvite('demo', 'player'))
  await using viewer = await openChromiumViewer({
    url,
    room: 'demo',
    token: invite,
    proxy: { mediaPort, proxyPort: proxy.port },
  })
  await waitFor(async () => (await viewer.packets()) > 100, { what: 'packets in Chromium', deadlineMs: 10_000 })
  await waitFor(() => publisher.bitrateKbps === RANGE.maxKbps, { what: 'the maximum', deadlineMs: 15_000 })

  proxy.shape({ rateKbps: 2_000, queueMs: 300 })
  const startedAtMs = performance.now()
  await waitFor(() => publisher.bitrateKbps <= 2_200, {
    what: 'a target that fits the link',
    deadlineMs: 3_000,
    everyMs: 10,
  })
  const downMs = performance.now() - startedAtMs
  await pause(6_000)
  const { forwarded, dropped } = proxy.counts()
  await pause(4_000)
  const held = publisher.bitrateKbps
  const lostShare = (proxy.counts().dropped - dropped) / (proxy.counts().forwarded - forwarded)
  assert.ok(held >= 700 && held <= 2_300, `the target is ${held} kbit/s on a link of 2000`)
  assert.ok(lostShare < 0.05, `${lostShare} of the packets are lost on the thin link`)

  proxy.shape({})
  const freeAtMs = performance.now()
  await waitFor(() => publisher.bitrateKbps >= 0.8 * RANGE.maxKbps, { what: 'the old target', deadlineMs: 45_000 })
  t.diagnostic(
    `down after ${Math.round(downMs)} ms, held at ${held} kbit/s with ${(100 * lostShare).toFixed(1)} % lost`,
  )
  t.diagnostic(`back after ${Math.round(performance.now() - freeAtMs)} ms`)
})
