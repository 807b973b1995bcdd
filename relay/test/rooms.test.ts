// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeInput } from '@nestri/protocol'
import type { StreamStats } from '@nestri/protocol'
import { pause, waitFor } from '@nestri/runtime'
import { helloText, refusal } from './support/ask.ts'
import { anInvite, anOperator, aRunner } from './support/keys.ts'
import { startPublisher } from './support/publisher.ts'
import { startRelay } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'
import { TestViewer } from './support/viewer.ts'

const invite = async ({ keys }: RelayProcess, role: 'player' | 'spectator', room = 'demo'): Promise<string> =>
  await keys.sign(anInvite(room, role))
const STATS: StreamStats = {
  framesPerSecond: 30,
  bitrateKbps: 2_000,
  targetBitrateKbps: 2_000,
  encodeMsP50: 3,
  encodeMsP99: 9,
  captureToSendMsP50: 5,
  captureToSendMsP99: 12,
  framesCaptured: 100,
  framesEncoded: 100,
  drops: { capture: 0, queue: 0, encoder: 0, send: 0 },
  keyFrames: { start: 1, join: 0, pli: 1, drop: 0, request: 0, unasked: 0 },
  audioPackets: 0,
  inputEvents: 0,
  inputRejected: 0,
}
const KEY = encodeInput({ type: 'key', code: 30, pressed: true, seq: 1 })

test('a viewer that comes before the runner waits, and plays when it is there', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using viewer = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  assert.equal((await viewer.message('room-state')).state, 'waiting')
  using _publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await viewer.playing()
  await viewer.message('room-state', ({ state }) => state === 'live')
  const stats = await viewer.message('room-stats')
  assert.deepEqual([stats.players, stats.spectators], [1, 0])
})

test('viewers of a runner that is killed are told within 3 s, stay, and see the next runner on the same connection', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  const token = await keys.sign(aRunner('demo'))
  using first = startPublisher({ url, room: 'demo', token })
  await first.flowing()
  using player = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  using spectator = new TestViewer({ url, room: 'demo', token: await invite(relay, 'spectator') })
  await Promise.all([player.playing(), spectator.playing()])
  const lostAtMs = performance.now()
  first.fallSilent()
  const told = await player.message('room-state', ({ state }) => state === 'waiting', 4_000)
  assert.ok(performance.now() - lostAtMs < 3_000)
  assert.match(told.reason, /nothing was heard/)

  using second = startPublisher({ url, room: 'demo', token, audio: true })
  await second.flowing()
  await Promise.all([player.playing(20), spectator.playing(20)])
  assert.deepEqual(
    [player.connections, spectator.connections],
    [1, 1],
    'media was negotiated again on the same transport',
  )
  await player.input('input', KEY)
  await waitFor(() => second.inputs.length > 0, { what: 'input at the second runner', deadlineMs: 3_000 })
})

test('a runner of a higher epoch takes a live room over; one of a lower epoch is refused', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using old = startPublisher({ url, room: 'demo', epoch: 3, token: await keys.sign(aRunner('demo', { epoch: 3 })) })
  await old.flowing()
  using viewer = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await viewer.playing()
  using stale = startPublisher({ url, room: 'demo', epoch: 2, token: await keys.sign(aRunner('demo', { epoch: 2 })) })
  assert.equal((await stale.message('error')).code, 'ERR_ROOM_TAKEN')
  await viewer.playing()
  using next = startPublisher({ url, room: 'demo', epoch: 4, token: await keys.sign(aRunner('demo', { epoch: 4 })) })
  await next.flowing()
  assert.equal((await old.message('error')).code, 'ERR_SUPERSEDED')
  await viewer.playing(20)
  assert.equal(viewer.connections, 1)
  assert.equal((await relay.room('demo'))?.epoch, 4)
})

test('a runner that restarts its encoder offers again, and the viewers stay', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  using viewer = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await viewer.playing()
  publisher.send({ type: 'interrupted', reason: 'the encoder is restarted' })
  const state = await viewer.message('room-state', ({ state: now }) => now === 'waiting')
  assert.equal(state.reason, 'the encoder is restarted')
  publisher.offer()
  await viewer.playing(20)
  assert.equal(viewer.connections, 1)
  await viewer.message('room-state', ({ state: now }) => now === 'live')
})

test('an interruption ends without an offer when frames come again', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  using viewer = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await viewer.playing()
  publisher.send({ type: 'interrupted', reason: 'no picture for 5 s' })
  await viewer.message('room-state', ({ state }) => state === 'waiting')
  publisher.send({ type: 'stats', stats: { ...STATS, framesPerSecond: 0 } })
  publisher.send({ type: 'stats', stats: STATS })
  await waitFor(() => viewer.messages.filter((m) => m.type === 'room-state').at(-1)?.state === 'live', {
    what: 'the live room',
    deadlineMs: 3_000,
  })
  await viewer.message('room-stats', ({ stats }) => stats?.framesPerSecond === 30)
  const facts = await relay.room('demo')
  assert.equal(facts?.stats?.encodeMsP50, STATS.encodeMsP50)
})

test('seats: the first player sits, the second asks, is granted, and only the holder reaches the game', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  using ann = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await ann.playing()
  using bob = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await bob.playing()
  const [annId, bobId] = [(await ann.message('welcome')).viewer, (await bob.message('welcome')).viewer]
  await waitFor(() => publisher.messages.filter(({ type }) => type === 'input-stream').length === 4, {
    what: 'four input streams',
    deadlineMs: 3_000,
  })
  await bob.input('input', KEY)
  await ann.input('input', KEY)
  await waitFor(() => publisher.inputs.length > 0, { what: 'input', deadlineMs: 3_000 })
  await pause(200)
  assert.deepEqual(
    publisher.inputs.map(({ viewer }) => viewer),
    [annId],
  )

  bob.send({ type: 'seat-ask', seat: 0 })
  const asked = await ann.message('seats', ({ asks }) => asks.length === 1)
  assert.deepEqual(asked.asks, [{ seat: 0, viewer: bobId }])
  ann.send({ type: 'seat-grant', seat: 0, to: bobId })
  await publisher.message('seat').then(async () => {
    await waitFor(() => publisher.messages.some((m) => m.type === 'seat' && m.holder === bobId), {
      what: 'the new holder',
      deadlineMs: 3_000,
    })
  })
  const before = publisher.inputs.length
  await waitFor(
    async () => {
      await bob.input('input', KEY)
      return publisher.inputs.length > before
    },
    { what: 'input of the new holder', deadlineMs: 3_000 },
  )
  await ann.input('input', KEY)
  await pause(200)
  assert.ok(publisher.inputs.slice(before).every(({ viewer }) => viewer === bobId))

  ann.send({ type: 'seat-release', seat: 0 })
  assert.equal((await ann.message('error')).code, 'ERR_SEAT')
  using spectator = new TestViewer({ url, room: 'demo', token: await invite(relay, 'spectator') })
  await spectator.message('welcome')
  spectator.send({ type: 'seat-ask', seat: 0 })
  assert.equal((await spectator.message('error')).code, 'ERR_ROLE')
  bob.send({ type: 'seat-release', seat: 0 })
  const free = await ann.message('seats', ({ seats }) => seats[0]?.holder === null)
  assert.equal(free.seats[0]?.holder, null, 'ann gave it away herself and does not wait for it')
})

test('a player that drops off keeps its seat and gets it back with its token; the runner is told', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  const ann = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await ann.playing()
  const { viewer } = await ann.message('welcome')
  const { resume } = await ann.message('resume-token').catch(async () => await ann.message('welcome'))
  using bob = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await bob.message('seats')
  ann[Symbol.dispose]()
  await waitFor(() => publisher.messages.some((m) => m.type === 'seat' && m.holder === viewer && !m.connected), {
    what: 'the lost holder at the runner',
    deadlineMs: 3_000,
  })
  const kept = await bob.message('seats', ({ seats }) => seats[0]?.connected === false)
  assert.equal(kept.seats[0]?.holder, viewer)
  using back = new TestViewer({ url, room: 'demo', resume })
  await back.playing()
  assert.equal((await back.message('welcome')).viewer, viewer)
  const seats = await back.message('seats')
  assert.deepEqual(seats.seats, [{ seat: 0, holder: viewer, connected: true }])
})

test('after kill -9 of the relay runner and viewers come back, the seat to whom it belonged', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  const token = await keys.sign(aRunner('demo'))
  const first = startPublisher({ url, room: 'demo', token })
  await first.flowing()
  const ann = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await ann.playing()
  const { viewer } = await ann.message('welcome')
  const resume = (await ann.message('resume-token')).resume
  first[Symbol.dispose]()
  ann[Symbol.dispose]()
  await relay.crashAndRestart()
  using second = startPublisher({ url, room: 'demo', token })
  using bob = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await bob.message('seats', ({ seats }) => seats[0]?.holder !== null)
  using back = new TestViewer({ url, room: 'demo', resume })
  await back.playing()
  const { seats } = await back.message('seats', (message) => message.seats[0]?.holder === viewer)
  assert.deepEqual(seats, [{ seat: 0, holder: viewer, connected: true }])
  await second.message('input-stream')
  await back.input('input', KEY)
  await waitFor(() => second.inputs.some((input) => input.viewer === viewer), { what: 'input', deadlineMs: 3_000 })
})

test('a media worker that dies is replaced, and everybody on it plays again within 2 s of coming back', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  const token = await keys.sign(aRunner('demo'))
  let publisher = startPublisher({ url, room: 'demo', token })
  await publisher.flowing()
  using player = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  using spectator = new TestViewer({ url, room: 'demo', token: await invite(relay, 'spectator') })
  await Promise.all([player.playing(), spectator.playing()])
  const pids = await relay.workerPids()
  assert.equal(pids.length, 2)
  for (const pid of pids) {
    process.kill(pid, 'SIGKILL')
    const killedAtMs = performance.now()
    const fell = await Promise.race([publisher.closed.then(() => true), pause(1_000).then(() => false)])
    if (fell) {
      publisher[Symbol.dispose]()
      publisher = startPublisher({ url, room: 'demo', token })
      await publisher.flowing()
    }
    await Promise.all([player.playing(5), spectator.playing(5)])
    assert.ok(performance.now() - killedAtMs < 4_000, `${Math.round(performance.now() - killedAtMs)} ms`)
  }
  publisher[Symbol.dispose]()
})

test('a page that lost its media connection asks for a new one and gets it', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  using viewer = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await viewer.playing()
  viewer.send({ type: 'restart', reason: 'test' })
  await waitFor(() => viewer.connections === 2, { what: 'a second connection', deadlineMs: 3_000 })
  await viewer.playing()
  viewer.dropMedia()
  await waitFor(() => viewer.connections === 3, { what: 'a third connection, unasked', deadlineMs: 15_000 })
  await viewer.playing()
})

test('a storm of key-frame requests makes at most two key frames a second', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  const viewers = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const token = await invite(relay, i === 0 ? 'player' : 'spectator')
      return new TestViewer({ url, room: 'demo', token })
    }),
  )
  await Promise.all(viewers.map(async (viewer) => await viewer.playing()))
  await pause(1_500)
  const before = publisher.keyFrameRequests
  const storm = setInterval(() => viewers.forEach((viewer) => viewer.requestKeyFrame()), 50)
  await pause(4_000)
  clearInterval(storm)
  const requests = publisher.keyFrameRequests - before
  for (const viewer of viewers) viewer[Symbol.dispose]()
  assert.ok(requests >= 4 && requests <= 9, `${requests} requests in 4 s`)
})

test('an operator closes a room for good: runner and viewers are told', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  const token = await keys.sign(aRunner('demo'))
  using publisher = startPublisher({ url, room: 'demo', token })
  await publisher.flowing()
  using viewer = new TestViewer({ url, room: 'demo', token: await invite(relay, 'player') })
  await viewer.playing()
  const close = async (bearer: string): Promise<number> =>
    (await fetch(`${url}/api/rooms/demo/close`, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } }))
      .status
  assert.equal(await close(await invite(relay, 'player')), 403)
  assert.equal(await close(await keys.sign(anOperator())), 200)
  assert.equal((await viewer.message('error')).code, 'ERR_ROOM_CLOSED')
  await publisher.message('close')
  using again = startPublisher({ url, room: 'demo', token })
  assert.equal((await again.message('error')).code, 'ERR_ROOM_CLOSED')
  const late = await refusal(url, '/signal', [helloText('demo', { token: await invite(relay, 'player') })])
  assert.equal(late.code, 'ERR_ROOM_CLOSED')
  using higher = startPublisher({ url, room: 'demo', epoch: 2, token: await keys.sign(aRunner('demo', { epoch: 2 })) })
  await higher.flowing()
})
