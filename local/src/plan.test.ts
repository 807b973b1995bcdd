// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromRelayEnv, fromStreamerEnv, NESTRI_ROOM_DEFAULT_SPEC } from '@nestri/protocol'
import type { NestriRoom } from '@nestri/protocol'
import { makePlan } from './plan.ts'
import type { Plan, PlanInput } from './plan.ts'

const ROOM: NestriRoom = {
  apiVersion: 'nestri.io/v1alpha1',
  kind: 'NestriRoom',
  metadata: { name: 'demo' },
  spec: NESTRI_ROOM_DEFAULT_SPEC,
}
const CERTIFICATE = { certFile: '/data/cert.pem', keyFile: '/data/key.pem' }

function plan(overrides: Partial<PlanInput> = {}): Plan {
  return makePlan({
    room: ROOM,
    lan: false,
    display: undefined,
    relay: fromRelayEnv({}).settings,
    addresses: ['192.168.1.7', '10.0.0.2'],
    certificate: undefined,
    runId: 'id',
    folders: { keys: '/run/keys', relay: '/run/relay', runner: '/run/runner' },
    env: { PATH: '/bin', HOME: '/home/me', SECRET: 'x', DISPLAY: ':0', XAUTHORITY: '/xa', GST_DEBUG: '2' },
    ...overrides,
  })
}

test('without --lan everything listens on and is announced as this machine alone', () => {
  const { relayEnv, origins, origin } = plan()
  const { settings, problems } = fromRelayEnv(relayEnv(1))
  assert.deepEqual(problems, [])
  assert.deepEqual(
    [settings.listenAddress, settings.natIps, settings.autoAddLocalIp],
    ['127.0.0.1', ['127.0.0.1'], false],
  )
  assert.deepEqual([origins, origin], [['http://localhost:8088'], 'http://127.0.0.1:8088'])
  assert.equal(settings.tlsCert, undefined)
})

test('with --lan it listens everywhere, announces its addresses and speaks HTTPS', () => {
  const natIps = fromRelayEnv({ WEBRTC_NAT_IPS: '203.0.113.5' }).settings
  const { relayEnv, runnerEnv, origins } = plan({ lan: true, certificate: CERTIFICATE, relay: natIps })
  const { settings } = fromRelayEnv(relayEnv(1))
  assert.equal(settings.listenAddress, '')
  assert.deepEqual(settings.natIps, ['203.0.113.5', '192.168.1.7', '10.0.0.2', '127.0.0.1'])
  assert.deepEqual([settings.tlsCert, settings.tlsKey], ['/data/cert.pem', '/data/key.pem'])
  assert.deepEqual(origins, ['https://192.168.1.7:8088', 'https://10.0.0.2:8088', 'https://localhost:8088'])
  const env = runnerEnv({ epoch: 1, token: 'a.b.c' })
  assert.equal(env['RELAY_URL'], 'wss://127.0.0.1:8088')
  assert.equal(env['NODE_EXTRA_CA_CERTS'], '/data/cert.pem')
})

test('both programs end with the launcher and carry marks of their own', () => {
  const { relayEnv, runnerEnv } = plan()
  const relay = fromRelayEnv(relayEnv(1)).settings
  const runner = fromStreamerEnv(runnerEnv({ epoch: 3, token: 'a.b.c' })).settings
  assert.deepEqual([relay.parentStdin, relay.runId], [true, 'id-1-relay'])
  assert.deepEqual([runner.parentStdin, runner.runId, runner.epoch], [true, 'id-3-runner', 3])
})

test("the user's session is not passed on, except what programs need", () => {
  const env = plan().runnerEnv({ epoch: 1, token: 'a.b.c' })
  assert.deepEqual(
    [env['SECRET'], env['DISPLAY'], env['XAUTHORITY'], env['HOME'], env['GST_DEBUG']],
    [undefined, undefined, undefined, '/home/me', '2'],
  )
  assert.equal(env['PATH'], '/bin:/usr/local/games:/usr/games')
})

test("the room's variables reach the game and replace none of the runner's", () => {
  const spec = structuredClone(NESTRI_ROOM_DEFAULT_SPEC)
  spec.runner.env = [{ name: 'WINEDEBUG', value: '-all' }, { name: 'EMPTY' }, { name: 'HOME', value: '/games' }]
  const env = plan({ room: { ...ROOM, spec } }).runnerEnv({ epoch: 1, token: 'a.b.c' })
  assert.deepEqual([env['WINEDEBUG'], env['EMPTY'], env['HOME'], env['NESTRI_ROOM']], ['-all', '', '/games', 'demo'])
})

test('an existing display is streamed with its authority and without a program', () => {
  const env = plan({ display: ':5' }).runnerEnv({ epoch: 1, token: 'a.b.c' })
  assert.equal(env['XAUTHORITY'], '/xa')
  const { settings, problems } = fromStreamerEnv(env)
  assert.deepEqual(problems, [])
  assert.deepEqual([settings.capture, settings.display, settings.launchCommand], ['x11', ':5', []])
})
