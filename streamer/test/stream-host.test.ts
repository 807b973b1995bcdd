// SPDX-License-Identifier: Apache-2.0
// The streamer program against relays that misbehave. webrtcbin and the encoder are real.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { waitFor } from '@nestri/runtime'
import { openFakeRelay } from './support/fake-relay.ts'
import { startStreamer, STREAMER_ARGS, streamerEnvironment } from './support/streamer.ts'

const run = promisify(execFile)

/** Whether a process runs. */
function alive(pid: number | undefined): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits until a process is gone. */
async function gone(pid: number | undefined): Promise<void> {
  await waitFor(() => !alive(pid), { what: `the end of process ${pid ?? 0}`, deadlineMs: 5_000, everyMs: 20 })
}

test('it announces, offers once it is admitted, and tells figures every second', async () => {
  await using relay = await openFakeRelay()
  await using streamer = startStreamer(relay.url, { NESTRI_EPOCH: '7', VIDEO_BITRATE: '3000', NESTRI_TOKEN: 'a.b.c' })
  const announce = await relay.next('announce')
  assert.equal(announce.room, 'demo')
  assert.equal(announce.epoch, 7)
  assert.equal(announce.token, 'a.b.c')
  assert.deepEqual(announce.bitrate, { minKbps: 500, startKbps: 3000, maxKbps: 8000 })
  const { encoder } = await relay.next('encoder')
  assert.equal(encoder.name, 'x264enc')
  const offer = await relay.next('offer')
  assert.equal(offer.negotiation, 1)
  assert.match(offer.sdp, /m=application/)
  await relay.next('heartbeat', 1, 2)
  const { stats } = await relay.next('stats', 1, 1)
  assert.equal(stats.targetBitrateKbps, 3000)
  assert.deepEqual(streamer.states, ['starting', 'connecting'])
})

test("the relay's target bitrate reaches the encoder, within the room's range", async () => {
  await using relay = await openFakeRelay()
  await using streamer = startStreamer(relay.url)
  await relay.next('stats')
  const target = async (bitrateKbps: number, expected: number): Promise<void> => {
    relay.send({ type: 'target-bitrate', bitrateKbps, reason: 'test' })
    await waitFor(
      () => {
        const { message } = relay.received.findLast((one) => one.message.type === 'stats') ?? {}
        return message?.type === 'stats' && message.stats.targetBitrateKbps === expected
      },
      { what: `a target of ${expected}`, deadlineMs: 5_000 },
    )
  }
  await target(2000, 2000)
  await target(50_000, 8000)
  await target(1, 500)
  assert.equal(streamer.child.status, undefined)
})

test('a relay that is lost and comes back gets a new offer of the same encoder process', async () => {
  await using relay = await openFakeRelay()
  await using streamer = startStreamer(relay.url)
  const first = await relay.next('offer')
  relay.drop()
  const again = await relay.next('announce', 2)
  assert.equal(again.encoder?.name, 'x264enc')
  const second = await relay.next('offer', 2)
  assert.equal(second.negotiation, 2)
  assert.notEqual(second.sdp, first.sdp)
  assert.equal(streamer.encoderPids().length, 1)
})

test('a relay that is not there yet is waited for', async () => {
  const { port } = await (async () => {
    await using relay = await openFakeRelay()
    return relay
  })()
  await using streamer = startStreamer(`ws://127.0.0.1:${port}`)
  await streamer.state('connecting')
  await using relay = await openFakeRelay({ port })
  await relay.next('offer')
})

test('a relay that falls silent is left and tried again', async () => {
  await using relay = await openFakeRelay({ silent: true })
  await using streamer = startStreamer(relay.url)
  await relay.next('announce', 2)
  assert.ok(streamer.lines.some((line) => line.includes('nothing was heard of the relay')))
})

test('a room that is closed ends the streamer with 0', async () => {
  await using relay = await openFakeRelay()
  await using streamer = startStreamer(relay.url)
  await relay.next('offer')
  relay.send({ type: 'close', reason: 'the host ended the room' })
  assert.deepEqual(await streamer.child.exited, { code: 0, signal: null })
  assert.equal(streamer.states.at(-1), 'stopped')
  await gone(streamer.encoderPids()[0])
})

test('a final refusal ends it with 1 and the words, over the socket or as an HTTP status', async () => {
  const refusal = { code: 'ERR_TOKEN_EXPIRED', message: 'the link has expired', hint: 'Ask.' }
  for (const options of [
    { instead: { type: 'error', ...refusal, final: true } as const },
    { refuse: { status: 401, body: refusal } },
  ]) {
    await using relay = await openFakeRelay(options)
    await using streamer = startStreamer(relay.url)
    assert.deepEqual(await streamer.child.exited, { code: 1, signal: null })
    await waitFor(() => streamer.lines.includes('the link has expired (ERR_TOKEN_EXPIRED)'), {
      what: 'the sentence',
      deadlineMs: 1_000,
    })
  }
})

test('a refusal that passes is tried again', async () => {
  const draining = { type: 'error', code: 'ERR_DRAINING', message: 'going down', hint: '', final: false } as const
  await using relay = await openFakeRelay({ instead: draining })
  await using streamer = startStreamer(relay.url)
  await relay.next('announce')
  assert.equal(streamer.child.status, undefined)
})

test('a crash of the encoder process is told to viewers, and a new one offers again', async () => {
  await using relay = await openFakeRelay()
  await using streamer = startStreamer(relay.url)
  await relay.next('offer')
  streamer.killEncoder('SIGSEGV')
  const { reason } = await relay.next('interrupted')
  assert.match(reason, /SIGSEGV/)
  const second = await relay.next('offer', 1, 1)
  assert.equal(second.negotiation, 2)
  assert.equal(streamer.encoderPids().length, 2)
})

test('a replaced token file is shown to the relay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-token-'))
  try {
    const file = join(folder, 'token')
    await writeFile(file, 'old.token.x\n')
    await using relay = await openFakeRelay()
    await using streamer = startStreamer(relay.url, { NESTRI_TOKEN_FILE: file })
    assert.equal((await relay.next('announce')).token, 'old.token.x')
    await writeFile(join(folder, 'next'), 'new.token.x\n')
    await rename(join(folder, 'next'), file)
    assert.equal((await relay.next('renew')).token, 'new.token.x')
    relay.drop()
    assert.equal((await relay.next('announce', 2)).token, 'new.token.x')
    assert.equal(streamer.child.status, undefined)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('hardware that is demanded and missing ends it with 1 and every reason', async () => {
  await using relay = await openFakeRelay()
  await using streamer = startStreamer(relay.url, {
    VIDEO_ENCODER_TYPE: 'hardware',
    NESTRI_ENCODER_FALLBACK: 'deny',
    NESTRI_GPU_MODE: 'none',
  })
  assert.deepEqual(await streamer.child.exited, { code: 1, signal: null })
  await waitFor(() => streamer.lines.some((line) => line.endsWith('(ERR_ENCODER_UNAVAILABLE)')), {
    what: 'the sentence',
    deadlineMs: 1_000,
  })
})

test('a wrong configuration is told whole and ends it with 78', async () => {
  await using streamer = startStreamer('nowhere', { FRAMERATE: '1000', NESTRI_ROM: 'x' })
  assert.equal((await streamer.child.exited).code, 78)
  await waitFor(() => streamer.lines.length >= 3, { what: 'three problems', deadlineMs: 1_000 })
  assert.match(streamer.lines.join('\n'), /RELAY_URL=nowhere.*\n?.*FRAMERATE=1000/)
  assert.match(streamer.lines.join('\n'), /did you mean NESTRI_ROOM\?/)
})

test('SIGTERM ends it with 0 and says goodbye; a kill takes the encoder process along', async () => {
  await using relay = await openFakeRelay()
  await using streamer = startStreamer(relay.url)
  await relay.next('offer')
  streamer.child.signal('SIGTERM')
  assert.deepEqual(await streamer.child.exited, { code: 0, signal: null })
  await relay.next('bye')
  await gone(streamer.encoderPids()[0])

  await using other = startStreamer(relay.url)
  await relay.next('offer', 2)
  assert.ok(other.child.pid)
  process.kill(other.child.pid, 'SIGKILL')
  await other.child.exited
  await gone(other.encoderPids()[0])
})

test('it ends with whoever started it when that is asked for', async () => {
  await using relay = await openFakeRelay()
  const env = { ...streamerEnvironment(relay.url), NESTRI_PARENT_STDIN: 'true' }
  const running = run(process.execPath, STREAMER_ARGS, { env, timeout: 20_000 })
  await relay.next('offer')
  running.child.stdin?.end()
  const { stdout } = await running
  assert.match(stdout, /"state":"stopped"/)
})

test('a relay that made its own certificate is trusted by naming it, and not otherwise', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-tls-'))
  try {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', '/CN=nestri', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ])
    await using relay = await openFakeRelay({
      tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') },
    })
    await using stranger = startStreamer(relay.url)
    await waitFor(() => stranger.lines.some((line) => /relay lost.*self-signed|self-signed.*relay lost/.test(line)), {
      what: 'a refused certificate',
      deadlineMs: 10_000,
    })
    assert.equal(relay.received.length, 0)
    await using streamer = startStreamer(relay.url, { NODE_EXTRA_CA_CERTS: cert })
    await relay.next('offer')
    assert.equal(streamer.child.status, undefined)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
