// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEcho, encodeInput } from '@nestri/protocol'
import { waitFor } from '@nestri/runtime'
import { anInvite, aRunner } from './support/keys.ts'
import { startPublisher } from './support/publisher.ts'
import { startRelay } from './support/relay-process.ts'
import { TestViewer } from './support/viewer.ts'

test('a player and a spectator see the room, and only the player in the seat reaches the game', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')), audio: true })
  await publisher.flowing()
  using player = new TestViewer({ url, room: 'demo', token: await keys.sign(anInvite('demo', 'player')) })
  using spectator = new TestViewer({ url, room: 'demo', token: await keys.sign(anInvite('demo', 'spectator')) })
  await Promise.all([player.playing(30), spectator.playing(30)])

  assert.equal((await player.message('welcome')).role, 'player')
  assert.ok(player.keyFrames > 0 && spectator.keyFrames > 0)
  assert.ok(player.audioPackets > 0 && spectator.audioPackets > 0)
  for (const viewer of [player, spectator]) {
    assert.ok(
      viewer.withPlayoutDelay >= 0.99 * viewer.videoPackets,
      `${viewer.withPlayoutDelay}/${viewer.videoPackets}`,
    )
    assert.ok(viewer.withCaptureTime >= 0.99 * viewer.videoPackets, `${viewer.withCaptureTime}/${viewer.videoPackets}`)
  }
  const { sdp } = await spectator.message('offer')
  assert.match((await player.message('offer')).sdp, new RegExp(` ${relay.mediaPort} typ`), "on the runner's worker")
  assert.match(sdp, new RegExp(` ${relay.mediaPort + 1} typ`), 'on another worker')
  assert.ok(!sdp.includes('m=application'), 'a spectator is offered no data channel')

  const key = encodeInput({ type: 'key', code: 30, pressed: true, seq: 1 })
  await publisher.message('input-stream')
  await player.input('input', key)
  await player.input('motion', encodeInput({ type: 'relative', dx: 3, dy: -4, seq: 2 }))
  await waitFor(() => publisher.inputs.length === 2, { what: 'both inputs at the runner', deadlineMs: 5_000 })
  const { viewer } = await player.message('welcome')
  assert.deepEqual(new Set(publisher.inputs.map(({ channel }) => channel)), new Set(['input', 'motion']))
  assert.ok(publisher.inputs.every((input) => input.viewer === viewer))
  assert.deepEqual(
    Buffer.from(publisher.inputs.find(({ channel }) => channel === 'input')?.bytes ?? []),
    Buffer.from(key),
  )

  publisher.echo(encodeEcho({ rtpTimestamp: 7, seq: 1 }))
  await waitFor(() => player.echoes.length === 1, { what: 'the frame echo', deadlineMs: 5_000 })
})
