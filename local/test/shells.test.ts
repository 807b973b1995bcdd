// SPDX-License-Identifier: Apache-2.0
// The launcher's shells against the real system: folders, processes, ports, openssl.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NestriError, tokenClaims } from '@nestri/protocol'
import { spawnChild, waitFor } from '@nestri/runtime'
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import * as v from 'valibot'
import { startCaretaker } from '../src/caretaker.ts'
import { openCertificate } from '../src/certificate.ts'
import { ChildFailure, KeptChild } from '../src/kept-child.ts'
import { endMarkedProcesses, markedProcesses, startTimeOf } from '../src/marked-processes.ts'
import { claimPorts } from '../src/ports.ts'
import { findProgram } from '../src/programs.ts'
import { makeRunFolder, sweepRuns } from '../src/run-folder.ts'
import { makeInviteKey } from '../src/tokens.ts'

const PATH = process.env['PATH'] ?? '/usr/bin:/bin'
const RUN = '01k3v5n0qz6y4w3h2j1m8t9r7c'
const folder = mkdtempSync(join(tmpdir(), 'nestri-local-test-'))
after(() => rmSync(folder, { recursive: true }))

function fresh(name: string): string {
  return mkdtempSync(join(folder, `${name}-`))
}

function marked(id: string, script: string): ReturnType<typeof spawnChild> {
  return spawnChild({ name: 'marked', command: 'sh', args: ['-c', script], env: { PATH, NESTRI_RUN_ID: id } })
}

test('a run has a private folder that goes when the run ends', async () => {
  const parent = fresh('runs')
  const path = await (async () => {
    await using run = await makeRunFolder(parent, RUN)
    assert.equal(statSync(run.path).mode & 0o777, 0o700)
    assert.deepEqual(readdirSync(run.path).toSorted(), ['keys', 'launcher', 'relay', 'runner'])
    assert.deepEqual(await sweepRuns(parent), [], 'the run of a living launcher is left alone')
    return run.path
  })()
  assert.equal(existsSync(path), false)
})

test('what a launcher that died left behind is ended and removed', async () => {
  const parent = fresh('runs')
  const run = await makeRunFolder(parent, RUN)
  await using stubborn = marked(`${RUN}-runner`, `trap '' TERM; while :; do sleep 0.1; done`)
  await waitFor(() => markedProcesses(RUN).includes(stubborn.pid ?? 0), { what: 'its mark', deadlineMs: 2_000 })
  writeFileSync(join(run.path, 'launcher'), `${process.pid} 1\n`)
  assert.deepEqual(await sweepRuns(parent), [RUN])
  await stubborn.exited
  assert.deepEqual(readdirSync(parent), [])
})

test('folders that are not of a run are never touched', async () => {
  const parent = fresh('runs')
  const uid = process.getuid?.() ?? 0
  for (const name of [`nestri-${uid}-notes`, `nestri-${uid + 1}-${RUN}`, 'other']) mkdirSync(join(parent, name))
  writeFileSync(join(parent, `nestri-${uid}-${RUN}`), 'a file, not a folder')
  assert.deepEqual(await sweepRuns(parent), [])
  assert.equal(readdirSync(parent).length, 4)
})

test('processes are found by their mark, wherever they went, and only by the whole id', async () => {
  await using leaver = marked(`${RUN}-runner`, 'setsid sleep 60 & wait')
  await using other = marked(`${RUN.replace('c', 'd')}-runner`, 'sleep 60')
  await waitFor(() => markedProcesses(`${RUN}-runner`).length === 2, { what: 'both marks', deadlineMs: 2_000 })
  await endMarkedProcesses(RUN, { graceMs: 0 })
  assert.deepEqual(markedProcesses(RUN), [])
  await leaver.exited
  assert.equal(other.status, undefined)
})

test('a process is named by its pid and start time', () => {
  assert.match(startTimeOf(process.pid) ?? '', /^\d+$/)
  assert.equal(startTimeOf(2 ** 22), undefined)
})

test('the caretaker clears up when its launcher is killed', async () => {
  const parent = fresh('runs')
  const src = new URL('../src/', import.meta.url).href
  const launcher = spawnChild({
    name: 'launcher',
    command: process.execPath,
    args: [
      '--conditions=source',
      '--input-type=module',
      '-e',
      `import { makeRunFolder } from '${src}run-folder.ts'
       import { startCaretaker } from '${src}caretaker.ts'
       import { spawn } from 'node:child_process'
       await makeRunFolder(${JSON.stringify(parent)}, '${RUN}')
       startCaretaker(${JSON.stringify(parent)}, ${JSON.stringify(PATH)})
       spawn('sleep', ['60'], { detached: true, env: { NESTRI_RUN_ID: '${RUN}-game', PATH: ${JSON.stringify(PATH)} } })
       console.log('ready')
       setInterval(() => {}, 1000)`,
    ],
    env: { PATH },
    onStdout: () => {
      ready = true
    },
  })
  let ready = false
  await waitFor(() => ready && markedProcesses(RUN).length === 1, { what: 'the launcher', deadlineMs: 10_000 })
  process.kill(launcher.pid ?? 0, 'SIGKILL')
  await launcher.exited
  await waitFor(() => markedProcesses(RUN).length === 0 && readdirSync(parent).length === 0, {
    what: 'an empty folder',
    deadlineMs: 10_000,
  })
})

test('a caretaker that is not needed any more goes without a trace', async () => {
  const caretaker = startCaretaker(fresh('runs'), PATH)
  await caretaker[Symbol.asyncDispose]()
})

test('a port that is taken is named, TCP and UDP', async () => {
  const tcp = createServer().listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as AddressInfo
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  await once(udp, 'listening')
  const inUse = (taken: number) => (error: unknown) =>
    error instanceof NestriError && error.code === 'ERR_PORT_IN_USE' && error.values['port'] === taken
  const address = '127.0.0.1'
  await assert.rejects(claimPorts({ endpointPort: port, mediaPort: 0, workers: 1, address }), inUse(port))
  const media = udp.address().port
  await assert.rejects(claimPorts({ endpointPort: 0, mediaPort: media, workers: 1, address }), inUse(media))
  const free = await claimPorts({ endpointPort: 0, mediaPort: 0, workers: 2, address })
  assert.ok(free > 0)
  tcp.close()
  udp.close()
})

test('programs are found as a shell finds them', () => {
  assert.equal(findProgram('sh', '/nowhere:/bin'), '/bin/sh')
  assert.equal(findProgram('/bin/sh', ''), '/bin/sh')
  assert.equal(findProgram('no-such-program', PATH), undefined)
  assert.equal(findProgram('/etc', PATH), undefined)
})

test('the certificate is made once, kept, and replaced before it ends', async () => {
  const options = { folder: join(fresh('data'), 'nestri'), addresses: ['192.0.2.7'], nowUnixMs: Date.now(), path: PATH }
  const made = await openCertificate(options)
  const certificate = new X509Certificate(readFileSync(made.certFile))
  assert.equal(certificate.fingerprint256, made.fingerprint)
  for (const address of ['127.0.0.1', '::1', '192.0.2.7']) assert.ok(certificate.checkIP(address), address)
  assert.ok(certificate.checkHost('localhost'))
  assert.equal(statSync(made.keyFile).mode & 0o777, 0o600)
  assert.deepEqual(await openCertificate({ ...options, addresses: [] }), made)
  const later = await openCertificate({ ...options, nowUnixMs: Date.parse(certificate.validTo) - 1_000 })
  assert.notEqual(later.fingerprint, made.fingerprint)
})

test('the folder of the relay gets the public key alone, and it verifies what is signed', async () => {
  const keys = fresh('keys')
  const sign = await makeInviteKey(keys)
  const token = await sign({ use: 'operator', exp: Math.floor(Date.now() / 1000) + 60 })
  const { kid } = decodeProtectedHeader(token)
  assert.deepEqual(readdirSync(keys), [`${kid}.json`])
  const file = join(keys, `${kid}.json`)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const jwk = JSON.parse(readFileSync(file, 'utf8')) as { d?: string; use: string }
  assert.equal(jwk.d, undefined)
  assert.equal(jwk.use, 'invite')
  const { payload } = await jwtVerify(token, await importJWK(jwk, 'EdDSA'), {
    issuer: 'nestri',
    audience: 'nestri-relay',
  })
  assert.equal(v.parse(tokenClaims, payload).use, 'operator')
})

function keep(script: (incarnation: number) => string, everWorked: boolean, said: string[]): KeptChild {
  return new KeptChild({
    name: 'the program',
    start: (n) => Promise.resolve({ name: 'program', command: 'sh', args: ['-c', script(n)], env: { PATH } }),
    everWorked: () => everWorked,
    repeatsItself: false,
    sweep: () => Promise.resolve(),
    onStatus: (line) => said.push(line),
    graceMs: 1_000,
  })
}

test('a child that crashes is started again and told about', async () => {
  const said: string[] = []
  await using child = keep((n) => (n < 3 ? 'kill -9 $$' : 'sleep 60'), true, said)
  await waitFor(() => said.length === 2, { what: 'two restarts', deadlineMs: 5_000 })
  assert.match(said[0] ?? '', /^the program ended \(signal SIGKILL\); starting it again in 0\.[12] s$/)
  void child
})

test('a child that says what is wrong before it ever worked is given up with its own words', async () => {
  await using child = keep(
    () => 'echo "port 1 is in use (ERR_PORT_IN_USE)" >&2; echo "Take another." >&2; exit 1',
    false,
    [],
  )
  const failure = await child.failed.catch((error: unknown) => error)
  assert.ok(failure instanceof ChildFailure)
  assert.deepEqual(
    [failure.code, failure.message, failure.hint],
    ['ERR_PORT_IN_USE', 'port 1 is in use', 'Take another.'],
  )
})

test('a child that only ever crashes is given up with its last words', async () => {
  const said: string[] = []
  await using child = keep(() => 'echo "Error: broken" >&2; echo "    at x" >&2; exit 3', true, said)
  await assert.rejects(child.failed, { code: 'ERR_PROGRAM_EXIT', message: 'the program ended with exit code 3' })
  assert.equal(said.at(-1), 'the program: Error: broken')
})
