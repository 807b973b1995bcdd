// SPDX-License-Identifier: Apache-2.0
// The addon as JavaScript sees it: values, promises, and every way in which an environment can end while it streams.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { waitFor } from '@nestri/runtime'
import { loadAddon } from '../src/native.ts'
import { ordinaryEnv } from './support/environment.ts'
import { sessionOptions, startSession } from './support/native-session.ts'

const PROGRAM = new URL('./support/native-program.ts', import.meta.url)
const addon = loadAddon()

/** Runs the program until it ends by itself. */
async function run(how: string): Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }> {
  const child = spawn(process.execPath, ['--conditions=source', fileURLToPath(PROGRAM), how], {
    env: ordinaryEnv(),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 30_000,
  })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString()
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, stderr }
}

test('a session offers H.264 with RTX, Opus, data and the four extensions, and closes', async () => {
  const { session, events, offer } = await startSession(addon)
  const sdp = await offer
  for (const line of [
    'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
    'a=rtpmap:96 H264/90000',
    'a=rtpmap:97 rtx/90000',
    'a=rtpmap:111 OPUS/48000/2',
    'm=application',
    'a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
    'a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    'a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid',
  ]) {
    assert.ok(sdp.includes(line), `the offer has ${line}`)
  }
  await waitFor(() => events.some(({ type }) => type === 'first-frame'), { what: 'first-frame', deadlineMs: 10_000 })
  assert.equal(session.stats().keyFrames.start, 1)
  await session.close()
  await session.close()
  assert.ok(!events.some(({ type }) => type === 'error'))
})

test('a closed session refuses calls by code and keeps quiet', async () => {
  const { session, events, offer } = await startSession(addon)
  await offer
  await session.close()
  const count = events.length
  session.setBitrate(1000)
  session.requestKeyFrame('join')
  session.addInputStream({ viewer: 'v', channel: 'input', streamId: 2 })
  session.removeInputStream(2)
  session.releaseInput('v')
  assert.equal(session.injectInput('v', new Uint8Array(8)), false)
  await assert.rejects(session.start(), { code: 'ERR_CLOSED' })
  await assert.rejects(session.setAnswer('v=0'), { code: 'ERR_CLOSED' })
  await assert.rejects(session.restartEncoder(sessionOptions().encoder), { code: 'ERR_CLOSED' })
  assert.ok(session.stats().framesEncoded > 0, 'the last figures stay')
  assert.equal(events.length, count)
})

test('what fails rejects with a code and the words of the element', async () => {
  const options = sessionOptions()
  const session = addon.openSession(
    { ...options, encoder: { ...options.encoder, launch: 'nosuchencoder name=encoder' } },
    () => undefined,
  )
  await assert.rejects(session.start(), { code: 'ERR_PIPELINE', message: /nosuchencoder/ })
  await session.close()
})

test('input messages are accepted or refused at once', async () => {
  const { session } = await startSession(addon)
  assert.equal(session.injectInput('viewer', new Uint8Array([1, 1, 30, 0, 1, 0, 0, 0])), true)
  assert.equal(session.injectInput('viewer', new Uint8Array([99])), false)
  assert.equal(session.stats().inputEvents, 1)
  assert.equal(session.stats().inputRejected, 1)
  await session.close()
})

test('closing while an answer is awaited ends both', async () => {
  const { session, offer } = await startSession(addon)
  await offer
  const answered = session.setAnswer('v=0\r\n').catch((error: unknown) => error)
  await session.close()
  assert.ok((await answered) instanceof Error)
})

test('two worker threads stream at the same time, one is terminated, the other closes', async () => {
  const stays = new Worker(PROGRAM, { workerData: 'stay' })
  const closes = new Worker(PROGRAM, { workerData: 'close' })
  const ended = once(closes, 'exit')
  const sdps = await Promise.all(
    [stays, closes].map(async (worker) => ((await once(worker, 'message')) as [string])[0]),
  )
  assert.ok(sdps.every((sdp) => sdp.includes('m=video')))
  await stays.terminate()
  assert.deepEqual(await ended, [0])
  // The addon was unloaded twice; its types must still work here.
  const { session, offer } = await startSession(addon)
  assert.match(await offer, /m=video/)
  await session.close()
})

test('a process that exits, throws, or throws in a callback while it streams ends as it should', async () => {
  assert.equal((await run('exit')).code, 7)
  const thrown = await run('throw')
  assert.equal(thrown.code, 1)
  assert.match(thrown.stderr, /thrown while streaming/)
  const inCallback = await run('throw-in-callback')
  assert.equal(inCallback.signal, null)
  assert.notEqual(inCallback.code, 0)
})

test('probes run side by side, and one that hangs answers in its time', async () => {
  const probe = { widthPx: 640, heightPx: 368, framerateFps: 30, frames: 5, timeoutMs: 15_000 }
  const [works, fails, hangs] = await Promise.all([
    addon.probeEncoder({
      ...probe,
      launch: 'videoconvert ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast',
    }),
    addon.probeEncoder({
      ...probe,
      launch: 'videoconvert ! x264enc name=encoder tune=zerolatency ! identity name=bad error-after=1',
    }),
    addon.probeEncoder({
      ...probe,
      launch: 'identity sleep-time=3000000 ! videoconvert ! x264enc name=encoder',
      timeoutMs: 300,
    }),
  ])
  assert.deepEqual([works.ok, works.reason, works.framesOut], [true, '', 5])
  assert.deepEqual([fails.ok, /^bad: .*Failed after iterations/.test(fails.reason)], [false, true])
  assert.deepEqual([hangs.ok, hangs.reason], [false, 'no answer within 300 ms'])
})
