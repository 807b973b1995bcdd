// SPDX-License-Identifier: Apache-2.0
// Makes a mediasoup worker: downloads upstream's, or builds it from the source in the npm package against the
// distribution's libraries. relay/worker/README.md says what the build changes and why.

import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { arch, availableParallelism, cpus, release } from 'node:os'
import { join } from 'node:path'
import { fetchSource } from './apt.mjs'
import { run, withRetries } from './command.mjs'
import { SetupError } from './errors.mjs'
import { root } from './paths.mjs'

/** Our own part of the build: subprojects that stand for downloads, and patches. */
export const recipeFolder = join(root, 'relay', 'worker')

const upstreamFolder = join(root, 'node_modules', 'mediasoup', 'worker')
/** A closed network shows by silence; ten seconds of it are enough. */
const ANSWER_WITHIN_MS = 10_000
const DOWNLOAD_WITHIN_MS = 120_000
/** Two cores need three to five minutes. */
const BUILD_WITHIN_MS = 30 * 60_000
const MIB = 1024 * 1024

async function fetchWithin(url, timeoutMs) {
  const abort = new AbortController()
  let timer = setTimeout(() => abort.abort(), ANSWER_WITHIN_MS)
  try {
    const response = await fetch(url, { signal: abort.signal })
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`)
    clearTimeout(timer)
    timer = setTimeout(() => abort.abort(), timeoutMs)
    return Buffer.from(await response.arrayBuffer())
  } finally {
    clearTimeout(timer)
  }
}

/** The SHA-256 that GitHub's API publishes of a release's file; undefined where it cannot be asked. */
async function publishedDigest(base, version, file) {
  const repository = /^https:\/\/github\.com\/([^/]+\/[^/]+)\/releases\/download$/.exec(base)?.[1]
  if (!repository) return undefined
  try {
    const url = `https://api.github.com/repos/${repository}/releases/tags/${version}`
    const { assets } = JSON.parse((await fetchWithin(url, ANSWER_WITHIN_MS)).toString())
    const digest = assets.find(({ name }) => name === file)?.digest
    return digest?.startsWith('sha256:') ? digest.slice('sha256:'.length) : undefined
  } catch {
    return undefined
  }
}

/**
 * Downloads upstream's binary into `folder`.
 * @returns {Promise<{origin: 'prebuilt', srtp: 'openssl', checksum: 'verified' | 'not published'}>}
 * @throws {Error} when it cannot be had; the caller then builds one
 */
export async function downloadWorker(version, folder, progress) {
  const base =
    process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL ||
    'https://github.com/versatica/mediasoup/releases/download'
  const file = `mediasoup-worker-${version}-linux-${arch()}-kernel${release().split('.')[0]}.tgz`
  progress.update('asking for the prebuilt binary')
  const archive = await fetchWithin(`${base}/${version}/${file}`, DOWNLOAD_WITHIN_MS)
  const expected = await publishedDigest(base, version, file)
  const actual = createHash('sha256').update(archive).digest('hex')
  if (expected !== undefined && expected !== actual) throw new Error(`its SHA-256 is ${actual}, not ${expected}`)
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'worker.tgz')
  await writeFile(path, archive)
  await run('tar', ['-xzf', path, '-C', folder, 'mediasoup-worker'], { log: 'worker' })
  await rm(path)
  await chmod(join(folder, 'mediasoup-worker'), 0o755)
  return { origin: 'prebuilt', srtp: 'openssl', checksum: expected ? 'verified' : 'not published' }
}

/** Compilers that run at once: one per core, but no more than memory allows (the largest file takes 700 MiB). */
async function jobs() {
  const memory = /^MemAvailable:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]
  const cores = availableParallelism ? availableParallelism() : cpus().length
  return Math.max(1, Math.min(cores, Math.floor(Number(memory ?? 0) / 1024 / 700)))
}

/** Copies upstream's source, adds our files, replaces its downloads by our subprojects, and applies our patches exactly. */
async function prepareSource(source) {
  const left = ['out', 'scripts', 'subprojects'].map((part) => join(upstreamFolder, part))
  await cp(upstreamFolder, source, { recursive: true, filter: (path) => !left.includes(path) })
  await cp(join(recipeFolder, 'subprojects'), join(source, 'subprojects'), { recursive: true })
  await cp(join(recipeFolder, 'overlay'), source, { recursive: true })
  const patches = (await readdir(join(recipeFolder, 'patches'))).filter((name) => name.endsWith('.patch')).sort()
  for (const name of patches) {
    const input = join(recipeFolder, 'patches', name)
    const args = ['--strip=1', '--fuzz=0', '--forward', '--no-backup-if-mismatch', `--input=${input}`]
    await run('patch', args, { cwd: source, log: 'worker' }).catch((error) => {
      throw new SetupError(`relay/worker/patches/${name} does not fit this version of mediasoup`, {
        tail: error.tail,
        log: error.log,
        whatToDo: 'Read what the patch is for at its top, and adapt it or remove it.',
      })
    })
  }
}

/**
 * Builds libsrtp with OpenSSL from Debian's own source. Debian's binary is linked with NSS, which costs twice as much
 * CPU per packet in the suite that GStreamer uses.
 * @returns {Promise<string>} a prefix with include/srtp2 and lib/libsrtp2.a
 */
async function buildSrtp(folder, progress) {
  progress.update('fetching the source of libsrtp')
  await mkdir(folder, { recursive: true })
  const onRetry = (error) => progress.note(`${error.message}; again`)
  const source = await withRetries(() => fetchSource('libsrtp2-dev', folder), onRetry, [2_000])
  progress.update('building libsrtp')
  const prefix = join(folder, 'prefix')
  const options = { cwd: source, log: 'worker', timeoutMs: 5 * 60_000, nice: true }
  await run('./configure', [`--prefix=${prefix}`, '--enable-openssl', 'CFLAGS=-O2 -fPIC'], options)
  await run('make', [`-j${await jobs()}`, 'libsrtp2.a'], options)
  await run('make', ['install'], options)
  return prefix
}

/** One of the headers that a single run of the generator makes together. */
const GENERATED_HEADER = 'fbs/FBS/transport.h'

/**
 * Builds the worker in `folder` and leaves nothing there but the binary.
 * @returns {Promise<{origin: 'built', srtp: 'openssl' | 'nss'}>}
 */
export async function buildWorker(folder, progress) {
  const source = join(folder, 'source')
  const output = join(folder, 'output')
  await mkdir(folder, { recursive: true })
  const srtp = await buildSrtp(join(folder, 'srtp'), progress).catch((error) => {
    progress.note(`warning: libsrtp with OpenSSL cannot be built (${error.message}); the distribution's is used,`)
    progress.note('which works but takes twice the CPU per packet')
    return ''
  })
  progress.update('preparing the source')
  await prepareSource(source)
  const options = { cwd: folder, log: 'worker', timeoutMs: BUILD_WITHIN_MS, nice: true }
  await run(
    'meson',
    [
      'setup',
      output,
      source,
      '--wrap-mode=nodownload',
      '--buildtype=release',
      '-Doptimization=2',
      '-Db_ndebug=true',
    ].concat(srtp === '' ? [] : [`-Dlibsrtp3:srtp2-prefix=${srtp}`]),
    options,
  )
  const onLine = (line) => {
    const count = /^\[(\d+\/\d+)\]/.exec(line)?.[1]
    if (count) progress.update(`compiling ${count}`)
  }
  // Upstream's libwebrtc includes the generated headers without depending on them: a compiler that is faster than the
  // generator would not find them.
  await run('ninja', ['-C', output, GENERATED_HEADER], options)
  await run('ninja', ['-C', output, `-j${await jobs()}`, 'mediasoup-worker'], { ...options, onLine })
  const binary = join(output, 'mediasoup-worker')
  const { size } = await stat(binary)
  if (size < MIB) throw new SetupError(`the linked worker has only ${size} bytes`)
  await cp(binary, join(folder, 'mediasoup-worker'))
  for (const part of [source, output, join(folder, 'srtp')]) await rm(part, { recursive: true, force: true })
  return { origin: 'built', srtp: srtp === '' ? 'nss' : 'openssl' }
}
