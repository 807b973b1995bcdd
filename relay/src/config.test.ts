// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXIT_CONFIG, ExitError } from '@nestri/runtime'
import { makeConfig } from './config.ts'

const MACHINE = { cores: 4, addresses: ['192.0.2.5', '198.51.100.6'] }

test('without any variable the relay serves with one worker per core on the ports that are documented', () => {
  const config = makeConfig({}, MACHINE)
  assert.deepEqual(
    [config.settings.endpointPort, config.firstMediaPort, config.workers, config.settings.auth],
    [8088, 8089, 4, 'token'],
  )
  assert.equal(config.mediaAddress, '0.0.0.0')
  assert.deepEqual(config.announcedAddresses, MACHINE.addresses)
})

test('addresses that are given come first, loopback is announced where there is nothing else', () => {
  const given = makeConfig({ WEBRTC_NAT_IPS: '203.0.113.1,192.0.2.5' }, MACHINE)
  assert.deepEqual(given.announcedAddresses, ['203.0.113.1', '192.0.2.5', '198.51.100.6'])
  const only = makeConfig({ WEBRTC_NAT_IPS: '203.0.113.1', AUTO_ADD_LOCAL_IP: 'false' }, MACHINE)
  assert.deepEqual(only.announcedAddresses, ['203.0.113.1'])
  assert.deepEqual(makeConfig({}, { cores: 1, addresses: [] }).announcedAddresses, ['127.0.0.1'])
  const bound = makeConfig({ NESTRI_LISTEN_ADDRESS: '127.0.0.1' }, MACHINE)
  assert.deepEqual([bound.announcedAddresses, bound.mediaAddress], [['127.0.0.1'], '127.0.0.1'])
})

test('a range of media ports bounds the workers', () => {
  const config = makeConfig({ WEBRTC_UDP_START: '10000', WEBRTC_UDP_END: '10001' }, MACHINE)
  assert.deepEqual([config.firstMediaPort, config.workers], [10_000, 2])
  const tooMany = { WEBRTC_UDP_START: '10000', WEBRTC_UDP_END: '10001', NESTRI_WORKERS: '3' }
  assert.throws(() => makeConfig(tooMany, MACHINE), /NESTRI_WORKERS=3/)
})

test('all problems are told at once, with the status for wrong configuration', () => {
  const env = { ENDPOINT_PORT: 'http', NESTRI_AUTH: 'maybe', NESTRI_WORKRES: '1' }
  assert.throws(
    () => makeConfig(env, MACHINE),
    (error) =>
      error instanceof ExitError &&
      error.exitCode === EXIT_CONFIG &&
      error.message.split('\n').length === 3 &&
      error.message.includes('did you mean NESTRI_WORKERS'),
  )
})
