// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from 'node:tls'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { RoomList } from '@nestri/protocol'
import { describeExit, spawnChild, waitFor, withDeadline } from '@nestri/runtime'
import { anInvite, anOperator, aRunner } from './support/keys.ts'
import { startPublisher } from './support/publisher.ts'
import { freePort, startRelay } from './support/relay-process.ts'
import { TestViewer } from './support/viewer.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const VIEWER_BUILD = fileURLToPath(new URL('../viewer/dist/index.html', import.meta.url))

interface Reply {
  status: number
  code?: string
  headers: Headers
  text: string
}

async function ask(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  const code = isJson ? (JSON.parse(text) as { code?: string }).code : undefined
  return { status: response.status, headers: response.headers, text, ...(code === undefined ? {} : { code }) }
}

test('every request gets a reply, refusals with a code', async () => {
  await using relay = await startRelay()
  const { url } = relay
  assert.equal((await ask(`${url}/health`)).text, 'ok')
  assert.equal((await ask(`${url}/readyz`)).status, 200)
  const page = await ask(`${url}/`)
  if (existsSync(VIEWER_BUILD)) {
    assert.equal(page.status, 200)
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/)
    assert.ok(!policy.includes('unsafe'))
    const etag = page.headers.get('etag') ?? ''
    assert.equal((await ask(`${url}/`, { headers: { 'if-none-match': etag } })).status, 304)
    const [, asset = ''] = /src="\.?(\/assets\/[^"]+)"/.exec(page.text) ?? []
    assert.match((await ask(`${url}${asset}`)).headers.get('cache-control') ?? '', /immutable/)
  } else {
    assert.equal(page.status, 503)
  }
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
  const refusals: [path: string, method: string, status: number, code: string][] = [
    ['/nothing', 'GET', 404, 'ERR_NOT_FOUND'],
    ['/assets/../../package.json', 'GET', 404, 'ERR_NOT_FOUND'],
    ['/%2e%2e/%2e%2e/etc/passwd', 'GET', 404, 'ERR_NOT_FOUND'],
    ['/health', 'POST', 405, 'ERR_METHOD'],
    ['/api/rooms', 'DELETE', 405, 'ERR_METHOD'],
    ['/api/rooms/demo/close', 'GET', 405, 'ERR_METHOD'],
    ['/api/rooms/demo/close', 'POST', 401, 'ERR_TOKEN_MISSING'],
    ['/metrics', 'GET', 404, 'ERR_NOT_FOUND'],
  ]
  for (const [path, method, status, code] of refusals) {
    const reply = await ask(`${url}${path}`, { method })
    assert.deepEqual([reply.status, reply.code], [status, code], `${method} ${path}`)
  }
  const operator = { authorization: `Bearer ${await relay.keys.sign(anOperator())}` }
  const post = async (path: string, headers: Record<string, string>): Promise<string | undefined> =>
    (await ask(`${url}${path}`, { method: 'POST', headers })).code
  assert.equal(await post('/api/rooms/none/close', operator), 'ERR_NOT_FOUND')
  assert.equal(await post('/api/rooms/a%20b/close', operator), 'ERR_ROOM_NAME')
  assert.equal(await post('/api/rooms/none/close', { ...operator, origin: 'https://evil.example' }), 'ERR_ORIGIN')
  const large = await ask(`${url}/api/rooms/none/close`, { method: 'POST', headers: operator, body: 'x'.repeat(5_000) })
  assert.deepEqual([large.status, large.code], [413, 'ERR_MESSAGE_SIZE'])
  const metrics = await fetch(`http://127.0.0.1:${relay.metricsPort}/debug/metrics/prometheus`)
  assert.match(await metrics.text(), /nestri_relay_rooms\{state="live"\} 0/)
})

test('the room list shows a caller what its token allows', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using _hidden = startPublisher({ url, room: 'hidden', token: await keys.sign(aRunner('hidden')) })
  using _shown = startPublisher({ url, room: 'shown', token: await keys.sign(aRunner('shown', { public: true })) })
  await waitFor(async () => (await relay.rooms()).filter(({ state }) => state === 'live').length === 2, {
    what: 'both rooms',
    deadlineMs: 5_000,
  })
  const seen = async (token?: string): Promise<string[]> => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const list = JSON.parse((await ask(`${url}/api/rooms`, { headers })).text) as RoomList
    return list.rooms.map(({ room }) => room)
  }
  assert.deepEqual(await seen(), ['shown'])
  assert.deepEqual(await seen(await keys.sign(anInvite('hidden', 'spectator'))), ['hidden', 'shown'])
  assert.deepEqual(await seen(await keys.sign(anOperator())), ['hidden', 'shown'])
  const expired = await ask(`${url}/api/rooms`, { headers: { authorization: 'Bearer a.b.c' } })
  assert.equal(expired.code, 'ERR_TOKEN_MALFORMED')
})

test('a watcher gets the list at once and after each change', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  const headers = { authorization: `Bearer ${await keys.sign(anOperator())}` }
  const aborter = new AbortController()
  const response = await fetch(`${url}/api/rooms?watch=1`, { headers, signal: aborter.signal })
  assert.match(response.headers.get('content-type') ?? '', /text\/event-stream/)
  let text = ''
  const reading = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true })
  })().catch(() => undefined)
  const lists = (): RoomList[] =>
    [...text.matchAll(/^event: rooms\ndata: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data ?? '') as RoomList)
  await waitFor(() => lists().length === 1, { what: 'the first list', deadlineMs: 2_000 })
  assert.deepEqual(lists()[0], { rooms: [] })
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await waitFor(() => lists().at(-1)?.rooms[0]?.state === 'live', { what: 'the live room', deadlineMs: 5_000 })
  using viewer = new TestViewer({ url, room: 'demo', token: await keys.sign(anInvite('demo', 'player')) })
  await viewer.message('welcome')
  await waitFor(() => lists().at(-1)?.rooms[0]?.players === 1, { what: 'the player', deadlineMs: 2_000 })
  publisher.send({ type: 'bye', reason: 'the game ended' })
  await waitFor(() => lists().at(-1)?.rooms[0]?.reason === 'the game ended', { what: 'the reason', deadlineMs: 2_000 })
  aborter.abort()
  await reading
})

async function makeCertificate(folder: string, name: string): Promise<void> {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const files = ['-subj', `/CN=${name}`, '-keyout', join(folder, 'new.key'), '-out', join(folder, 'new.crt')]
  await promisify(execFile)('openssl', [...args, ...files])
  await rename(join(folder, 'new.key'), join(folder, 'tls.key'))
  await rename(join(folder, 'new.crt'), join(folder, 'tls.crt'))
}

async function presentedName(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  return await withDeadline(
    new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        const { subject } = socket.getPeerCertificate()
        socket.destroy()
        resolve(String(subject.CN))
      })
    }),
    3_000,
    'the handshake',
  )
}

test('with a certificate the relay serves HTTPS and wss, and takes a new one without a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-tls-'))
  await makeCertificate(folder, 'first')
  {
    const env = { NESTRI_TLS_CERT: join(folder, 'tls.crt'), NESTRI_TLS_KEY: join(folder, 'tls.key') }
    await using relay = await startRelay(env)
    const { url, keys, port } = relay
    assert.equal(await presentedName(port), 'first')
    using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
    await publisher.flowing()
    using viewer = new TestViewer({ url, room: 'demo', token: await keys.sign(anInvite('demo', 'player')) })
    await viewer.playing()
    await makeCertificate(folder, 'second')
    await waitFor(async () => (await presentedName(port)) === 'second', {
      what: 'the new certificate',
      deadlineMs: 6_000,
    })
    await viewer.playing()
  }
  await rm(folder, { recursive: true })
})

async function run(env: Readonly<Record<string, string>>): Promise<{ status: string; words: string }> {
  const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', MAIN]
  const base = { PATH: process.env['PATH'] ?? '', MEDIASOUP_WORKER_BIN: process.env['MEDIASOUP_WORKER_BIN'] ?? '' }
  const child = spawnChild({
    name: 'relay',
    command: process.execPath,
    args,
    env: { ...base, NESTRI_WORKERS: '1', ...env },
  })
  const status = await withDeadline(child.exited, 10_000, 'the end of the relay')
  await child.stop()
  return { status: describeExit(status), words: child.lastWords().join('\n') }
}

test('a port in use and wrong settings are one clear sentence and an exit status', async () => {
  const persist = await mkdtemp(join(tmpdir(), 'nestri-relay-'))
  const blocker = createServer()
  const port = await freePort(3)
  await new Promise<void>((resolve) => blocker.listen(port, '127.0.0.1', resolve))
  const base = { PERSIST_DIR: persist, NESTRI_LISTEN_ADDRESS: '127.0.0.1', WEBRTC_UDP_MUX: '0' }
  const taken = await run({ ...base, ENDPOINT_PORT: String(port) })
  assert.equal(taken.status, 'exit code 1')
  assert.match(taken.words, new RegExp(`port ${port} is in use by another program \\(ERR_PORT_IN_USE\\)`))
  const media = await run({ ...base, ENDPOINT_PORT: '0', WEBRTC_UDP_MUX: String(port) })
  assert.match(media.words, /ERR_PORT_IN_USE/)
  const metrics = await run({ ...base, ENDPOINT_PORT: '0', METRICS: 'true', METRICS_PORT: String(port) })
  assert.match(metrics.words, /ERR_PORT_IN_USE/)
  const wrong = await run({ ...base, ENDPOINT_PORT: 'x', NESTRI_AUTH: 'no' })
  assert.equal(wrong.status, 'exit code 78')
  assert.match(wrong.words, /ENDPOINT_PORT=x.*\n.*NESTRI_AUTH=no/)
  blocker.close()
  await rm(persist, { recursive: true })
})

test('SIGTERM ends the relay in order within 2 s, and leaves no process behind', async () => {
  await using relay = await startRelay()
  const { url, keys } = relay
  using publisher = startPublisher({ url, room: 'demo', token: await keys.sign(aRunner('demo')) })
  await publisher.flowing()
  using viewer = new TestViewer({ url, room: 'demo', token: await keys.sign(anInvite('demo', 'player')) })
  await viewer.playing()
  const pids = await relay.workerPids()
  const startedAtMs = performance.now()
  process.kill(relay.child.pid ?? 0, 'SIGTERM')
  assert.equal(describeExit(await relay.child.exited), 'exit code 0')
  assert.ok(performance.now() - startedAtMs < 2_000, `${Math.round(performance.now() - startedAtMs)} ms`)
  assert.equal((await viewer.message('error')).code, 'ERR_DRAINING')
  assert.deepEqual([await viewer.closed, await publisher.closed], [1001, 1001])
  await waitFor(() => pids.every((pid) => !existsSync(`/proc/${pid}`)), {
    what: 'the end of the workers',
    deadlineMs: 2_000,
  })
})

test('with NESTRI_PARENT_STDIN the relay ends when its starter is gone', async () => {
  const persist = await mkdtemp(join(tmpdir(), 'nestri-relay-'))
  const env = {
    PATH: process.env['PATH'] ?? '',
    MEDIASOUP_WORKER_BIN: process.env['MEDIASOUP_WORKER_BIN'] ?? '',
    PERSIST_DIR: persist,
    NESTRI_LISTEN_ADDRESS: '127.0.0.1',
    NESTRI_PARENT_STDIN: 'true',
    NESTRI_WORKERS: '1',
    ENDPOINT_PORT: '0',
    WEBRTC_UDP_MUX: '0',
  }
  const child = spawn(process.execPath, ['--conditions=source', MAIN], { env, stdio: ['pipe', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  await waitFor(() => log.includes('relay is ready'), { what: 'a ready relay', deadlineMs: 10_000 })
  const exited = once(child, 'exit')
  child.stdin.end()
  assert.deepEqual(await withDeadline(exited, 4_000, 'the end'), [0, null])
  await rm(persist, { recursive: true })
})

test('the media workers end even when the relay is killed', async () => {
  await using relay = await startRelay()
  const pids = await relay.workerPids()
  process.kill(relay.child.pid ?? 0, 'SIGKILL')
  await waitFor(() => pids.every((pid) => !existsSync(`/proc/${pid}`)), {
    what: 'the end of orphans',
    deadlineMs: 3_000,
  })
})
