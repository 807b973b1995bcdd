// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromRelayEnv } from './relay-settings.ts'

test('a relay works without any variable', () => {
  const { settings, problems } = fromRelayEnv({ PATH: '/bin' })
  assert.deepEqual(problems, [])
  assert.deepEqual([settings.endpointPort, settings.mediaPort, settings.auth], [8088, 8089, 'token'])
})

test('both names of the announced addresses are read', () => {
  assert.deepEqual(fromRelayEnv({ WEBRTC_NAT_IPS: '192.0.2.1,relay.example.org' }).settings.natIps, [
    '192.0.2.1',
    'relay.example.org',
  ])
  assert.deepEqual(fromRelayEnv({ WEBRTC_NAT_IP: '2001:db8::1' }).settings.natIps, ['2001:db8::1'])
})

test("the runner's variables may stand in the same environment", () => {
  assert.deepEqual(fromRelayEnv({ NESTRI_ROOM: 'demo', NESTRI_TOKEN: 'x' }).problems, [])
})

test('a certificate needs its key, a range its end, and media a port of its own', () => {
  const names = (env: Record<string, string>): string[] => fromRelayEnv(env).problems.map(({ name }) => name)
  assert.deepEqual(names({ NESTRI_TLS_CERT: 'c.pem' }), ['NESTRI_TLS_KEY'])
  assert.deepEqual(names({ NESTRI_TLS_KEY: 'k.pem' }), ['NESTRI_TLS_CERT'])
  assert.deepEqual(names({ WEBRTC_UDP_START: '5000' }), ['WEBRTC_UDP_END'])
  assert.deepEqual(names({ WEBRTC_UDP_START: '5000', WEBRTC_UDP_END: '5010' }), [])
  assert.deepEqual(names({ ENDPOINT_PORT: '8089' }), ['WEBRTC_UDP_MUX'])
  assert.deepEqual(names({ LOKUST_STREAM_PORT: '7800' }), [])
})
