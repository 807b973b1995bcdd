// SPDX-License-Identifier: Apache-2.0
// Provides the mediasoup worker: one tested binary per version, recipe and platform in the cache, and a link where
// mediasoup looks for it. A binary that fails its DTLS test never gets into the cache.

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { dirname, join } from 'node:path'
import { debianRelease } from './apt.mjs'
import { plainEnvironment, run } from './command.mjs'
import { SetupError } from './errors.mjs'
import { cacheRoot, hashOf, node24, readIfThere, root, stampFolder } from './paths.mjs'
import { duration } from './progress.mjs'
import { buildWorker, downloadWorker, recipeFolder } from './worker-recipe.mjs'

const packageFolder = join(root, 'node_modules', 'mediasoup')
/** Where mediasoup looks for its worker when nothing else is said. */
const expectedBinary = join(packageFolder, 'worker', 'out', 'Release', 'mediasoup-worker')
const smokeTest = join(root, 'relay', 'test', 'worker-smoke.test.ts')
const ownStamp = join(stampFolder, 'own-worker')

async function mediasoupVersion() {
  return JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')).version
}

/** The cache's folder for the worker that this clone wants. */
async function cacheFolder() {
  const { codename } = await debianRelease()
  const parts = ['overlay', 'patches', 'subprojects'].map((part) => join(recipeFolder, part))
  const recipe = await hashOf([...parts, join(root, 'scripts', 'setup', 'worker-recipe.mjs')])
  const key = `${await mediasoupVersion()}-${recipe.slice(0, 12)}-${codename}-${arch()}`
  return join(cacheRoot(), 'mediasoup-worker', key)
}

async function checksum(file) {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

/** Completes a DTLS handshake with the worker and passes RTP through it; about half a second. */
async function smoke(binary) {
  const env = plainEnvironment({ MEDIASOUP_WORKER_BIN: binary })
  // Where tests run the set-up, node:test would take this one for a part of itself and skip it.
  delete env.NODE_TEST_CONTEXT
  const args = ['--conditions=source', '--test', '--test-reporter=tap', smokeTest]
  const options = { cwd: root, log: 'worker', timeoutMs: 60_000, env }
  const output = await run(node24, args, options).catch(({ tail, log }) => {
    throw new SetupError(`the mediasoup worker ${binary} fails its DTLS test`, { tail, log })
  })
  if (!/^# pass 1$/m.test(output)) throw new SetupError('the DTLS test of the worker did not run', { tail: output })
}

/** Identifies a worker that the user brought: a rebuilt one is tested again. */
async function identity(binary) {
  const { size, mtimeMs } = await stat(binary).catch((cause) => {
    throw new SetupError(`MEDIASOUP_WORKER_BIN names ${binary}, which cannot be read: ${cause.message}`, {
      whatToDo: 'Correct the variable, or unset it and a worker is provided.',
    })
  })
  return `${binary} ${size} ${mtimeMs}\n`
}

/** Whether a cached worker is whole, tested, and linked to where mediasoup looks for it. */
export async function workerIsReady() {
  const own = process.env.MEDIASOUP_WORKER_BIN
  if (own) return (await readIfThere(ownStamp)) === (await identity(own))
  const folder = await cacheFolder()
  const binary = join(folder, 'mediasoup-worker')
  const about = await readIfThere(join(folder, 'about.json'))
  if (about === undefined) return false
  const link = await readlink(expectedBinary).catch(() => '')
  return link === binary && JSON.parse(about).sha256 === (await checksum(binary).catch(() => ''))
}

async function obtain(folder, progress) {
  const version = await mediasoupVersion()
  if (!process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD) {
    try {
      const about = await downloadWorker(version, folder, progress)
      progress.update('testing a DTLS handshake')
      await smoke(join(folder, 'mediasoup-worker'))
      return about
    } catch (error) {
      const why = error.name === 'AbortError' ? 'no answer' : (error.cause?.code ?? error.message)
      progress.note(`upstream's prebuilt binary is not usable here (${why}); building from source, which takes minutes`)
      await rm(folder, { recursive: true, force: true })
    }
  }
  const about = await buildWorker(folder, progress)
  progress.update('testing a DTLS handshake')
  await smoke(join(folder, 'mediasoup-worker'))
  return about
}

/** Makes the cache entry aside and renames it into place, so that it is whole or not there. */
async function fillCache(folder, progress) {
  await mkdir(dirname(folder), { recursive: true })
  for (const name of await readdir(dirname(folder))) {
    // Left by a set-up that was killed; the lock says that none is at work.
    if (name.startsWith('making-')) await rm(join(dirname(folder), name), { recursive: true, force: true })
  }
  const making = await mkdtemp(join(dirname(folder), 'making-'))
  const startedMs = Date.now()
  try {
    const about = await obtain(join(making, 'new'), progress)
    const sha256 = await checksum(join(making, 'new', 'mediasoup-worker'))
    const text = JSON.stringify({ ...about, sha256, took: duration(Date.now() - startedMs) }, null, 2)
    await writeFile(join(making, 'new', 'about.json'), `${text}\n`)
    await rm(folder, { recursive: true, force: true })
    await rename(join(making, 'new'), folder)
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

/** Whether the cache entry itself is whole. */
async function isCached(folder) {
  const about = await readIfThere(join(folder, 'about.json'))
  if (about === undefined) return false
  return JSON.parse(about).sha256 === (await checksum(join(folder, 'mediasoup-worker')).catch(() => ''))
}

/**
 * Provides the worker.
 * @param {import('./progress.mjs').Progress} progress
 */
export async function provideWorker(progress) {
  const own = process.env.MEDIASOUP_WORKER_BIN
  if (own) {
    progress.update(`testing a DTLS handshake with ${own}`)
    await smoke(own)
    await mkdir(stampFolder, { recursive: true })
    await writeFile(ownStamp, await identity(own))
    return
  }
  const folder = await cacheFolder()
  if (!(await isCached(folder))) await fillCache(folder, progress)
  // The system's libraries may have changed since it was cached.
  else await smoke(join(folder, 'mediasoup-worker'))
  await mkdir(dirname(expectedBinary), { recursive: true })
  // Replaced in one step: a relay that starts right now finds the old one or the new one.
  await rm(`${expectedBinary}.new`, { force: true })
  await symlink(join(folder, 'mediasoup-worker'), `${expectedBinary}.new`)
  await rename(`${expectedBinary}.new`, expectedBinary)
}
