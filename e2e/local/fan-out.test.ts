// SPDX-License-Identifier: Apache-2.0
// One encode, many viewers, and no packet in JavaScript.

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pause, waitFor } from '@nestri/runtime'
import {
  inboundStats,
  inviteClaims,
  openBrowser,
  openPage,
  openReceiver,
  openRelay,
  openStreamer,
} from '../support/index.ts'
import '../support/end-process.ts'

const ROOM = 'fan-out'
const RECEIVERS = 18

test('20 independent receivers, two of them browsers, get at least 99 % of the packets of one encode', async (t) => {
  await using relay = await openRelay()
  await using _streamer = await openStreamer(relay, {
    room: ROOM,
    env: { FRAMERATE: '30', VIDEO_BITRATE: '1500', VIDEO_BITRATE_MAX: '2000' },
  })
  const browser = await openBrowser()
  t.after(async () => await browser.close())
  const player = await openPage(browser, await relay.link(ROOM, 'player'))
  const spectator = await openPage(browser, await relay.link(ROOM, 'spectator'))
  using stack = new DisposableStack()
  const token = await relay.keys.sign(inviteClaims(ROOM, 'spectator'))
  const receivers = Array.from({ length: RECEIVERS }, () =>
    stack.use(openReceiver({ url: relay.url, room: ROOM, token })),
  )
  await Promise.all(receivers.map(async (receiver) => await receiver.playing(20_000)))
  for (const page of [player, spectator]) {
    await waitFor(async () => ((await inboundStats(page))?.framesDecoded ?? 0) > 10, {
      what: 'a picture',
      deadlineMs: 20_000,
    })
  }
  await pause(3_000)
  const start = receivers.map(({ received }) => ({ ...received }))
  const wakeUpsBefore = await wakeUps(relay.program.child.pid)
  const pagesBefore = await Promise.all([player, spectator].map(async (page) => await inboundStats(page)))
  await pause(10_000)
  const woken = (await wakeUps(relay.program.child.pid)) - wakeUpsBefore
  const shares = receivers.map(({ received }, i) => {
    const got = received.videoPackets - (start[i]?.videoPackets ?? 0)
    const lost = received.lost - (start[i]?.lost ?? 0)
    return { got, share: got / (got + Math.max(0, lost)) }
  })
  const pagesAfter = await Promise.all([player, spectator].map(async (page) => await inboundStats(page)))
  const worst = Math.min(...shares.map(({ share }) => share))
  const counts = shares.map(({ got }) => got)
  t.diagnostic(
    `packets per receiver ${Math.min(...counts)}..${Math.max(...counts)}, worst share ${(worst * 100).toFixed(2)} %`,
  )
  assert.ok(Math.min(...counts) > 10 * 30, 'every receiver got a stream')
  assert.ok(worst >= 0.99, `a receiver got only ${worst * 100} % of the packets`)
  assert.ok(Math.min(...counts) >= Math.max(...counts) * 0.99, 'all receivers got the same packets')
  for (const [i, stats] of pagesAfter.entries()) {
    const got = (stats?.packetsReceived ?? 0) - (pagesBefore[i]?.packetsReceived ?? 0)
    const lost = (stats?.packetsLost ?? 0) - (pagesBefore[i]?.packetsLost ?? 0)
    assert.ok(got / (got + Math.max(0, lost)) >= 0.99, `browser ${i} lost ${lost} of ${got + lost} packets`)
  }
  const delivered = counts.reduce((sum, got) => sum + got, 0)
  t.diagnostic(`${delivered} packets delivered, the relay's main thread woke up ${woken} times`)
  assert.ok(woken < delivered / 10, `the main thread woke up ${woken} times for ${delivered} packets`)
  const facts = await relay.room(ROOM)
  assert.equal((facts?.players ?? 0) + (facts?.spectators ?? 0), RECEIVERS + 2)
})

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; hitCount?: number }[]
  timeDeltas: number[]
  samples: number[]
}

test("a 30 s profile of the relay's main thread shows no callback per packet", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-e2e-profile-'))
  t.after(async () => await rm(folder, { recursive: true, force: true }))
  await using relay = await openRelay({ NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` })
  await using _streamer = await openStreamer(relay, { room: ROOM })
  using receiver = openReceiver({
    url: relay.url,
    room: ROOM,
    token: await relay.keys.sign(inviteClaims(ROOM, 'player')),
  })
  await receiver.playing()
  const packetsBefore = receiver.received.videoPackets
  await pause(30_000)
  const packets = receiver.received.videoPackets - packetsBefore
  relay.program.child.signal('SIGTERM')
  await relay.program.child.exited
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'))
  assert.ok(file, 'the relay wrote a profile')
  const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile
  const ours = profile.nodes.filter(({ callFrame }) => /\/relay\/|mediasoup/.test(callFrame.url))
  const idle = profile.nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id)
  const idleShare = profile.samples.filter((id) => idle.includes(id)).length / profile.samples.length
  t.diagnostic(
    `${packets} packets forwarded; main thread idle ${(idleShare * 100).toFixed(1)} %, ${ours.length} functions of ours seen`,
  )
  assert.ok(packets > 5_000, `only ${packets} packets passed`)
  assert.ok(idleShare > 0.9, `the main thread is idle only ${(idleShare * 100).toFixed(1)} % of the time`)
  const perPacket = ours.filter(({ hitCount = 0 }) => hitCount > packets / 4)
  assert.deepEqual(perPacket, [])
})

/** How often a process's main thread went to sleep and was woken: at least once per callback from outside. */
async function wakeUps(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/task/${pid}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
}
