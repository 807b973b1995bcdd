// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { MAX_MESSAGE_BYTES } from '@nestri/protocol'
import { waitFor } from '@nestri/runtime'
import { WebSocket } from 'ws'
import { announceText, helloText, refusal, upgradeRefusal } from './support/ask.ts'
import { anInvite, anOperator, aRunner, inSeconds } from './support/keys.ts'
import { startPublisher } from './support/publisher.ts'
import { startRelay } from './support/relay-process.ts'
import type { RelayProcess } from './support/relay-process.ts'
import { TestViewer } from './support/viewer.ts'

describe('a relay with tokens', () => {
  let relay: RelayProcess
  before(async () => {
    relay = await startRelay()
  })
  after(async () => {
    await relay[Symbol.asyncDispose]()
  })
  const invite = async (room: string, role: 'player' | 'spectator' = 'player', change = {}): Promise<string> =>
    await relay.keys.sign(anInvite(room, role, change))

  const viewers: [name: string, code: string, hello: () => Promise<string>][] = [
    ['no token', 'ERR_TOKEN_MISSING', async () => helloText('demo')],
    ['a cut token', 'ERR_TOKEN_MALFORMED', async () => helloText('demo', { token: 'abc' })],
    ['a token for another room', 'ERR_TOKEN_ROOM', async () => helloText('demo', { token: await invite('other') })],
    [
      'an expired token',
      'ERR_TOKEN_EXPIRED',
      async () => helloText('demo', { token: await invite('demo', 'player', { exp: inSeconds(-30) }) }),
    ],
    [
      'a runner token',
      'ERR_TOKEN_USE',
      async () => helloText('demo', { token: await relay.keys.sign(aRunner('demo')) }),
    ],
    [
      'another protocol version',
      'ERR_PROTOCOL_VERSION',
      async () => helloText('demo', { version: 99, token: await invite('demo') }),
    ],
    ['a room name that is none', 'ERR_ROOM_NAME', async () => helloText('../etc', { token: await invite('demo') })],
    ['what is not JSON', 'ERR_MESSAGE_FORMAT', async () => '{'],
    ['an unknown message', 'ERR_MESSAGE_FORMAT', async () => '{"type":"sudo"}'],
    [
      'an answer before hello',
      'ERR_MESSAGE_ORDER',
      async () => JSON.stringify({ type: 'answer', negotiation: 1, sdp: '' }),
    ],
    ['a large message', 'ERR_MESSAGE_SIZE', async () => helloText('demo', { token: 'x'.repeat(MAX_MESSAGE_BYTES) })],
  ]
  for (const [name, code, hello] of viewers) {
    test(`a viewer with ${name} is refused with ${code}`, async () => {
      assert.deepEqual(await refusal(relay.url, '/signal', [await hello()]), { code, final: true, close: 1008 })
    })
  }

  const runners: [name: string, code: string, announce: () => Promise<string>][] = [
    ['no token', 'ERR_TOKEN_MISSING', async () => announceText('demo')],
    ["a viewer's token", 'ERR_TOKEN_USE', async () => announceText('demo', { token: await invite('demo') })],
    [
      'the token of another room',
      'ERR_TOKEN_ROOM',
      async () => announceText('demo', { token: await relay.keys.sign(aRunner('other')) }),
    ],
    [
      'the token of another epoch',
      'ERR_TOKEN_ROOM',
      async () => announceText('demo', { epoch: 2, token: await relay.keys.sign(aRunner('demo')) }),
    ],
    ['another protocol version', 'ERR_PROTOCOL_VERSION', async () => announceText('demo', { version: 0 })],
    [
      'a bitrate range that is none',
      'ERR_MESSAGE_FORMAT',
      async () => announceText('demo', { bitrate: { minKbps: 9, startKbps: 1, maxKbps: 5 } }),
    ],
  ]
  for (const [name, code, announce] of runners) {
    test(`a runner with ${name} is refused with ${code}`, async () => {
      assert.deepEqual(await refusal(relay.url, '/runner', [await announce()]), { code, final: true, close: 1008 })
    })
  }

  test('an offer that is none is refused with ERR_SDP', async () => {
    const announce = announceText('sdp', { token: await relay.keys.sign(aRunner('sdp')) })
    const offer = JSON.stringify({ type: 'offer', negotiation: 1, sdp: 'v=0' })
    assert.equal((await refusal(relay.url, '/runner', [announce, offer])).code, 'ERR_SDP')
  })

  test('a second hello and binary messages are refused', async () => {
    const hello = helloText('demo', { token: await invite('demo') })
    assert.equal((await refusal(relay.url, '/signal', [hello, hello])).code, 'ERR_MESSAGE_ORDER')
    assert.equal((await refusal(relay.url, '/signal', [Buffer.from(hello)])).code, 'ERR_MESSAGE_FORMAT')
  })

  test('whoever says nothing is told so and let go', async () => {
    assert.deepEqual(await refusal(relay.url, '/signal', []), { code: 'ERR_HELLO_TIMEOUT', final: true, close: 1008 })
  })

  test('a flood of messages is cut off with ERR_RATE', async () => {
    const hello = helloText('demo', { token: await invite('demo') })
    const pings = Array.from({ length: 100 }, (_, at) => JSON.stringify({ type: 'ping', at }))
    assert.equal((await refusal(relay.url, '/signal', [hello, ...pings])).code, 'ERR_RATE')
  })

  test('a huge message ends the socket before it is read', async () => {
    const { close } = await refusal(relay.url, '/signal', ['x'.repeat(5 * MAX_MESSAGE_BYTES)])
    assert.equal(close, 1009)
  })

  test('pages of other origins and unknown paths are refused at the upgrade', async () => {
    const foreign = await upgradeRefusal(relay.url, '/signal', { origin: 'https://evil.example' })
    assert.deepEqual(foreign, { status: 403, code: 'ERR_ORIGIN' })
    assert.deepEqual(await upgradeRefusal(relay.url, '/admin'), { status: 404, code: 'ERR_NOT_FOUND' })
  })

  test('a room that has all its viewers takes no more, but takes one back', async () => {
    const { url, keys } = relay
    using _publisher = startPublisher({
      url,
      room: 'small',
      token: await keys.sign(aRunner('small', { maxViewers: 1 })),
    })
    await waitFor(async () => (await relay.room('small'))?.state === 'live', { what: 'the room', deadlineMs: 5_000 })
    using first = new TestViewer({ url, room: 'small', token: await invite('small') })
    const { resume } = await first.message('welcome')
    const second = await refusal(url, '/signal', [helloText('small', { token: await invite('small') })])
    assert.equal(second.code, 'ERR_ROOM_FULL')
    using again = new TestViewer({ url, room: 'small', resume })
    await again.message('welcome')
    assert.equal((await first.message('error')).code, 'ERR_SUPERSEDED')
  })

  test('raising the access generation voids older invites, also those used before the runner came', async () => {
    const { url, keys } = relay
    const old = await invite('gen', 'player', { generation: 4 })
    using early = new TestViewer({ url, room: 'gen', token: old })
    assert.equal((await early.message('room-state')).state, 'waiting')
    using publisher = startPublisher({ url, room: 'gen', token: await keys.sign(aRunner('gen', { generation: 4 })) })
    await early.playing()
    publisher.send({ type: 'renew', token: await keys.sign(aRunner('gen', { generation: 5 })) })
    const refused = async (): Promise<boolean> => {
      using late = new TestViewer({ url, room: 'gen', token: old })
      const first = await waitFor(() => late.messages[0], { what: 'an answer', deadlineMs: 3_000, everyMs: 10 })
      return first.type === 'error' && first.code === 'ERR_TOKEN_GENERATION'
    }
    await waitFor(refused, { what: 'a void invite', deadlineMs: 3_000 })
    const { resume } = await early.message('welcome')
    assert.equal((await refusal(url, '/signal', [helloText('gen', { resume })])).code, 'ERR_TOKEN_GENERATION')
    await early.playing(10)
    using next = new TestViewer({ url, room: 'gen', token: await invite('gen', 'player', { generation: 5 }) })
    await next.message('welcome')
  })

  test('what is refused is counted by code, and no token reaches the log', async () => {
    const response = await fetch(`http://127.0.0.1:${relay.metricsPort}/metrics`)
    const text = await response.text()
    assert.match(text, /nestri_relay_refusals_total\{code="ERR_TOKEN_MISSING"\} [1-9]/)
    assert.ok(!relay.log.some((line) => line.includes('eyJ')), 'a token is in the log')
  })

  test('after all this the relay serves', async () => {
    assert.equal(await (await fetch(`${relay.url}/readyz`)).text(), 'ok')
  })
})

test('junk on every door leaves the relay serving', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  using viewer = new TestViewer({ url, room: 'demo', token: await keys.sign(anInvite('demo', 'player')) })
  await viewer.playing()
  const hello = helloText('demo', { token: await keys.sign(anInvite('demo', 'player')) })
  let seed = 11
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed % below
  }
  const mutate = (text: string): string => {
    const at = random(text.length)
    return `${text.slice(0, at)}${String.fromCharCode(random(300))}${text.slice(at + random(4))}`
  }
  const sockets = Array.from({ length: 40 }, async (_, i) => {
    const first = i % 2 === 0 ? hello : mutate(hello)
    const rest = Array.from({ length: 8 }, () =>
      mutate(JSON.stringify({ type: 'answer', negotiation: 1, sdp: 'v=0\r\n' })),
    )
    const socket = new WebSocket(`${url.replace('http', 'ws')}/${i % 3 === 0 ? 'runner' : 'signal'}`)
    socket.on('error', () => undefined)
    socket.on('open', () => [first, ...rest].forEach((text) => socket.send(text)))
    await waitFor(() => socket.readyState >= WebSocket.OPEN, { what: 'a socket', deadlineMs: 5_000 })
    return socket
  })
  const opened = await Promise.all(sockets)
  await Promise.all(
    ['GET', 'POST', 'PUT', 'DELETE', 'TRACE'].flatMap((method) =>
      ['/', '/api/rooms', '/api/rooms/%zz/close', '/../../etc/passwd', '/whatever?x=%'].map(
        async (path) => await fetch(`${url}${path}`, { method: method === 'TRACE' ? 'PATCH' : method }),
      ),
    ),
  )
  await viewer.playing(30)
  for (const socket of opened) socket.terminate()
  assert.equal((await relay.rooms())[0]?.state, 'live')
  assert.ok(
    !relay.log.some((line) => line.includes('"level":"error"')),
    relay.log.filter((l) => l.includes('error')).join('\n'),
  )
})

test('an open relay warns at start and takes viewers and runners without tokens', async () => {
  await using relay = await startRelay({ NESTRI_AUTH: 'open' })
  assert.ok(relay.log.some((line) => line.includes('NESTRI_AUTH=open') && line.includes('"level":"warn"')))
  const { url } = relay
  using publisher = startPublisher({ url, room: 'demo' })
  await publisher.flowing()
  using spectator = new TestViewer({ url, room: 'demo' })
  using player = new TestViewer({ url, room: 'demo', role: 'player' })
  await Promise.all([spectator.playing(), player.playing()])
  assert.equal((await spectator.message('welcome')).role, 'spectator')
  assert.equal((await player.message('welcome')).role, 'player')
  const list = (await (await fetch(`${url}/api/rooms`)).json()) as { rooms: unknown[] }
  assert.equal(list.rooms.length, 1)
  const operator = await relay.keys.sign(anOperator())
  const close = await fetch(`${url}/api/rooms/demo/close`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}` },
  })
  assert.equal(close.status, 200)
})
