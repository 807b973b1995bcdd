// SPDX-License-Identifier: Apache-2.0
// The encoder process with the real addon, over its contract.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { spawnChild, waitFor } from '@nestri/runtime'
import { CommandError } from '../src/encoder/backend.ts'
import { ENCODER_CONTRACT_VERSION } from '../src/encoder/contract.ts'
import { startEncoder } from './support/encoder.ts'
import { ordinaryEnv } from './support/environment.ts'
import { aRequest } from './support/requests.ts'

const ENTRY = fileURLToPath(new URL('../src/encoder/main.ts', import.meta.url))

/** Sends raw lines and gives the lines that come back, until `count` of them are there. */
async function transcript(lines: readonly string[], count: number): Promise<Record<string, unknown>[]> {
  const out: Record<string, unknown>[] = []
  await using child = spawnChild({
    name: 'encoder',
    command: process.execPath,
    args: ['--conditions=source', ENTRY],
    env: ordinaryEnv(),
    onStdout: (line) => out.push(JSON.parse(line) as Record<string, unknown>),
  })
  for (const line of lines) child.writeLine(line)
  await waitFor(() => out.length >= count, { what: `${count} lines`, deadlineMs: 15_000, everyMs: 20 })
  return out.slice(0, count)
}

test('a hello is answered with what the process can do', async () => {
  await using encoder = startEncoder()
  const capabilities = await encoder.process.hello()
  assert.equal(capabilities.version, ENCODER_CONTRACT_VERSION)
  assert.equal(capabilities.backend, 'gstreamer')
  assert.equal(capabilities.fallbackReason, '')
  assert.match(capabilities.gstreamer, /1\.\d+/)
  assert.ok(capabilities.encoders.includes('x264enc'))
})

test('another version, and a command before the hello, are refused by name', async () => {
  await using encoder = startEncoder()
  const code = async (promise: Promise<unknown>): Promise<string> => {
    const error = await promise.then(() => undefined).catch((reason: unknown) => reason)
    return error instanceof CommandError ? error.code : 'no refusal'
  }
  assert.equal(await code(encoder.process.request({ type: 'stats' })), 'hello-expected')
  assert.equal(await code(encoder.process.request({ type: 'hello', version: 99 })), 'version-mismatch')
  await encoder.process.hello()
  assert.equal(await code(encoder.process.request({ type: 'stats' })), 'not-started')
})

test('lines that cannot be read are answered and the loop goes on', async () => {
  const lines = await transcript(
    [
      'not json',
      '[]',
      '{"id":1,"type":"dance"}',
      '{"id":2,"type":"bitrate"}',
      `{"id":3,"type":"answer","sdp":"${'x'.repeat(100_000)}"}`,
      `{"id":4,"type":"hello","version":${ENCODER_CONTRACT_VERSION}}`,
    ],
    6,
  )
  const told = lines.map(({ id, ok, error }) => [id, ok, (error as { code?: string } | undefined)?.code])
  assert.deepEqual(
    told.toSorted((a, b) => String(a[2]).localeCompare(String(b[2]))),
    [
      [null, false, 'invalid-command'],
      [null, false, 'invalid-json'],
      [null, false, 'line-too-long'],
      [2, false, 'missing-field'],
      [4, true, undefined],
      [1, false, 'unknown-command'],
    ],
  )
})

test('without its addon the stub says why, and a start fails at once', async () => {
  await using encoder = startEncoder(['--addon=/does/not/exist.node'])
  const capabilities = await encoder.process.hello()
  assert.equal(capabilities.backend, 'stub')
  assert.equal(capabilities.requestedBackend, 'gstreamer')
  assert.match(capabilities.fallbackReason, /exist\.node/)
  const startedMs = performance.now()
  await assert.rejects(encoder.process.start(aRequest()), (error: unknown) => {
    return error instanceof CommandError && error.code === 'ERR_ADDON' && /exist\.node/.test(error.message)
  })
  assert.ok(performance.now() - startedMs < 1_000)
})

test('the encoders of this machine work and lack no setting', async () => {
  await using encoder = startEncoder()
  await encoder.process.hello()
  const { video, wish } = aRequest()
  const found = await encoder.process.probe({ video, wish, codecs: ['h264', 'vp8'] })
  for (const name of ['x264enc', 'openh264enc', 'vp8enc']) {
    const one = found.find((candidate) => candidate.name === name)
    assert.ok(one?.works, `${name}: ${one?.reason ?? 'not found'}`)
    assert.deepEqual(one.missing, [])
    assert.ok(one.encodeMs > 0)
  }
  const hardware = found.filter(({ type, works }) => type === 'hardware' && !works)
  assert.ok(hardware.every(({ reason }) => reason !== ''))
})

test('a session captures, offers, offers again after an encoder restart, and ends in order', async () => {
  await using encoder = startEncoder()
  await encoder.process.hello()
  const started = await encoder.process.start(aRequest())
  assert.equal(started.encoder.name, 'x264enc')
  assert.deepEqual(started.missing, [])
  const { sdp } = await encoder.next('offer')
  assert.match(sdp, /a=rtpmap:96 H264\/90000/)
  assert.match(sdp, /packetization-mode=1/)
  assert.match(sdp, /a=extmap:8 .*playout-delay/)
  assert.match(sdp, /a=extmap:7 .*abs-capture-time/)
  await assert.rejects(encoder.process.start(aRequest()), /a session runs already/)
  await encoder.next('stats', 1)
  const stats = (await encoder.process.request({ type: 'stats' })) as { framesCaptured: number }
  assert.ok(stats.framesCaptured > 30)
  await encoder.process.request({ type: 'restart-encoder' })
  const { sdp: second } = await encoder.next('offer', 1)
  assert.notEqual(/a=ice-ufrag:(.*)/.exec(second)?.[1], /a=ice-ufrag:(.*)/.exec(sdp)?.[1])
  await encoder.process[Symbol.asyncDispose]()
  const states = encoder.events.flatMap((event) => (event.type === 'status' ? [event.state] : []))
  assert.deepEqual(states, ['starting', 'ready', 'stopped'])
  assert.match((await encoder.waitForEnd()).reason, /exit code 0/)
})

test('an encoder that is registered but fails its first buffer is rejected with a reason, and the next one wins', async () => {
  // OpenH264 takes at most 9,437,184 pixels, which shows only when the first frame comes.
  const large = { video: { widthPx: 4096, heightPx: 2400, framerateFps: 5 } }
  await using encoder = startEncoder()
  await encoder.process.hello()
  const { encoder: facts } = await encoder.process.start(aRequest({ ...large, wish: { element: 'openh264enc' } }))
  assert.equal(facts.name, 'x264enc')
  assert.match(facts.fallbackReason, /^openh264enc does not work here: openh264enc: \S/)
  assert.ok(facts.rejected.some(({ name, reason }) => name === 'openh264enc' && reason !== ''))
})

test('with fallback denied the same fails with the code and the reason', async () => {
  await using encoder = startEncoder()
  await encoder.process.hello()
  const request = aRequest({
    video: { widthPx: 4096, heightPx: 2400, framerateFps: 5 },
    wish: { element: 'openh264enc', fallback: 'deny' },
  })
  await assert.rejects(encoder.process.start(request), (error: unknown) => {
    return (
      error instanceof CommandError && error.code === 'ERR_ENCODER_UNAVAILABLE' && /openh264enc/.test(error.message)
    )
  })
})

test('hardware that is not there is no error where falling back is allowed', async () => {
  await using encoder = startEncoder()
  await encoder.process.hello()
  const { encoder: facts } = await encoder.process.start(aRequest({ wish: { type: 'hardware' } }))
  assert.equal(facts.type, 'software')
  assert.match(facts.fallbackReason, /no hardware encoder for h264 works here/)
})

test('an X display that is not there is named', async () => {
  await using encoder = startEncoder()
  await encoder.process.hello()
  const request = { ...aRequest(), source: { kind: 'x11', display: ':9876' } as const, inputDisplay: null }
  await assert.rejects(encoder.process.start(request), (error: unknown) => {
    return error instanceof CommandError && error.code === 'ERR_CAPTURE' && /X display :9876/.test(error.message)
  })
  assert.equal(encoder.ended(), undefined)
})

test('a crash of native code ends the process with its last words', async () => {
  await using encoder = startEncoder([], { GST_DEBUG: 'basesrc:4', GST_DEBUG_NO_COLOR: '1' })
  await encoder.process.hello()
  await encoder.process.start(aRequest())
  assert.ok(encoder.process.pid)
  process.kill(encoder.process.pid, 'SIGSEGV')
  const { reason, crashed } = await encoder.waitForEnd()
  assert.ok(crashed)
  assert.match(reason, /signal SIGSEGV/)
  assert.match(reason, /basesrc/)
  await assert.rejects(encoder.process.request({ type: 'stats' }), /SIGSEGV/)
})

test('the process ends by itself when its standard input ends', async () => {
  await using child = spawnChild({
    name: 'encoder',
    command: process.execPath,
    args: ['--conditions=source', ENTRY],
    env: ordinaryEnv(),
    stdin: 'ignore',
  })
  assert.deepEqual(await child.exited, { code: 0, signal: null })
})
