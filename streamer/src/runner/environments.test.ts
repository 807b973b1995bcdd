// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gameEnv, hostEnv, serviceEnv } from './environments.ts'

const MARK = { runId: 'run-1', folder: '/run/room' }
const OFFERS = { DISPLAY: ':5', XAUTHORITY: '/run/room/Xauthority', PULSE_SERVER: 'unix:/run/room/pulse.socket' }
const TOKEN = 'eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl'
const RUNNER = {
  PATH: '/usr/bin:/bin',
  HOME: '/home/player',
  TERM: 'xterm',
  RELAY_URL: 'ws://relay:8088',
  NESTRI_ROOM: 'demo',
  NESTRI_TOKEN: TOKEN,
  NESTRI_TOKEN_FILE: '/run/secrets/token',
  NESTRI_SOMETHING_NEW: 'x',
  COPY_OF_TOKEN: `Bearer ${TOKEN}`,
  NODE_EXTRA_CA_CERTS: '/run/ca.pem',
  DISPLAY: ':0',
  PULSE_SERVER: 'unix:/run/user/1000/pulse',
  FRAMERATE: '60',
  LD_PRELOAD: '',
}

test('the game sees the picture, the sound and what its owner gave it', () => {
  assert.deepEqual(gameEnv({ ...RUNNER, WINEPREFIX: '/data' }, MARK, OFFERS), {
    HOME: '/home/player',
    TERM: 'xterm',
    LD_PRELOAD: '',
    WINEPREFIX: '/data',
    ...OFFERS,
    SDL_AUDIODRIVER: 'pulseaudio',
    PULSE_LATENCY_MSEC: '20',
    XDG_RUNTIME_DIR: '/run/room',
    PATH: '/usr/bin:/bin:/usr/local/games:/usr/games',
    NESTRI_RUN_ID: 'run-1-game',
  })
})

test('no token reaches the game, not even as a copy under another name', () => {
  const game = gameEnv(RUNNER, MARK, OFFERS)
  assert.ok(!JSON.stringify(game).includes(TOKEN))
  assert.deepEqual(
    Object.keys(game).filter((name) => name.startsWith('NESTRI_')),
    ['NESTRI_RUN_ID'],
  )
})

test("the room's owner may choose another audio driver and latency", () => {
  const game = gameEnv({ ...RUNNER, SDL_AUDIODRIVER: 'dsp', PULSE_LATENCY_MSEC: '60' }, MARK, OFFERS)
  assert.equal(game['SDL_AUDIODRIVER'], 'dsp')
  assert.equal(game['PULSE_LATENCY_MSEC'], '60')
})

test('a game without a sound server is silent, and one without a home gets the private folder', () => {
  const game = gameEnv({ PATH: '/usr/games' }, MARK, { DISPLAY: ':5' })
  assert.equal(game['SDL_AUDIODRIVER'], 'dummy')
  assert.equal(game['PULSE_SERVER'], undefined)
  assert.equal(game['HOME'], '/run/room')
  assert.equal(game['PATH'], '/usr/games:/usr/local/games')
})

test('the streamer sees all of its settings and captures the desktop that was started', () => {
  const host = hostEnv({ ...RUNNER, NESTRI_CAPTURE: 'auto' }, MARK, OFFERS)
  assert.equal(host['NESTRI_TOKEN'], TOKEN)
  assert.equal(host['NESTRI_CAPTURE'], 'x11')
  assert.equal(host['DISPLAY'], ':5')
  assert.equal(host['PULSE_SERVER'], OFFERS.PULSE_SERVER)
  assert.equal(host['NESTRI_PARENT_STDIN'], 'true')
  assert.equal(host['NESTRI_RUN_ID'], 'run-1-streamer')
})

test('a test picture stays one', () => {
  assert.equal(hostEnv({ NESTRI_CAPTURE: 'test' }, MARK, {})['NESTRI_CAPTURE'], 'test')
})

test('desktop and sound server see nothing of the room', () => {
  assert.deepEqual(serviceEnv(RUNNER, MARK, 'desktop'), {
    PATH: '/usr/bin:/bin',
    NESTRI_RUN_ID: 'run-1-desktop',
    XDG_RUNTIME_DIR: '/run/room',
  })
})
