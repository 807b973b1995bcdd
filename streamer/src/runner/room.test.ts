// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromStreamerEnv } from '@nestri/protocol'
import type { RoomParts } from './plan.ts'
import { partsOf } from './room.ts'

const REQUIRED = { RELAY_URL: 'ws://relay:8088', NESTRI_ROOM: 'demo', NESTRI_AUTH: 'open' }

function partsIn(env: Readonly<Record<string, string>>): RoomParts {
  const { settings, problems } = fromStreamerEnv({ ...REQUIRED, ...env })
  assert.deepEqual(problems, [])
  return partsOf(settings)
}

test('a room has a desktop, sound and a game unless it is told otherwise', () => {
  assert.deepEqual(partsIn({}), { desktop: true, audio: true, game: true })
  assert.deepEqual(partsIn({ NESTRI_CAPTURE: 'x11' }), { desktop: true, audio: true, game: true })
})

test('a test picture needs neither a desktop nor a game', () => {
  assert.deepEqual(partsIn({ NESTRI_CAPTURE: 'test' }), { desktop: false, audio: true, game: false })
})

test('an existing display is used, with a game only where one is named', () => {
  const existing = { NESTRI_CAPTURE: 'x11', DISPLAY: ':1' }
  assert.deepEqual(partsIn(existing), { desktop: false, audio: true, game: false })
  assert.deepEqual(partsIn({ ...existing, NESTRI_LAUNCH_CMD: 'xterm' }), { desktop: false, audio: true, game: true })
})

test('a DISPLAY that merely stands in the environment is not streamed', () => {
  assert.deepEqual(partsIn({ DISPLAY: ':1' }), { desktop: true, audio: true, game: true })
})

test("sound of the machine itself, or none, needs no server of the room's own", () => {
  assert.equal(partsIn({ AUDIO_CAPTURE_METHOD: 'alsa' }).audio, false)
  assert.equal(partsIn({ AUDIO_CAPTURE_METHOD: 'none' }).audio, false)
})
