// SPDX-License-Identifier: Apache-2.0
// Installs the npm packages. npm runs on Node 24 for it: on an older one it leaves out optional packages that want a
// newer Node, and the binaries of the bundler and the linter are such.

import { spawnSync } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises'
import { arch } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { plainEnvironment, run, withRetries } from './command.mjs'
import { SetupError } from './errors.mjs'
import { cacheRoot, readIfThere, root } from './paths.mjs'

const INSTALL_WITHIN_MS = 10 * 60_000

async function lockedPackages() {
  return JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')).packages
}

/** Whether an optional package is made for this very platform; without it its tool does not run. */
function isForThisPlatform({ os, cpu, libc }) {
  const takes = (list, name) => list === undefined || [list].flat().includes(name)
  return (os ?? cpu) !== undefined && takes(os, 'linux') && takes(cpu, arch()) && takes(libc, 'glibc')
}

/** Whether node_modules holds what the lock file says. npm writes its own record last, so half an installation has none. */
export async function npmRecordMatches() {
  const record = await readIfThere(join(root, 'node_modules', '.package-lock.json'))
  if (record === undefined) return false
  const installed = JSON.parse(record).packages
  return Object.entries(await lockedPackages()).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true
    const have = installed[path]
    if (have === undefined) return entry.optional === true && !isForThisPlatform(entry)
    return have.version === entry.version && have.link === entry.link
  })
}

/** The npm on the PATH, as a file that any Node can run. */
async function findNpm() {
  for (const folder of plainEnvironment().PATH.split(delimiter)) {
    const file = join(folder, 'npm')
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return realpath(file)
  }
  throw new SetupError('npm is not installed', { whatToDo: 'Install it, e.g. with: apt-get install npm' })
}

/** Downloads the Node that the lock file names, with the checksum that it names. */
async function downloadNode(folder) {
  const name = `node-linux-${arch()}`
  const locked = (await lockedPackages())[`node_modules/${name}`]
  if (!locked?.integrity) throw new SetupError(`there is no Node for Linux on ${arch()}: use x86-64 or arm64`)
  await mkdir(dirname(folder), { recursive: true })
  const making = await mkdtemp(join(dirname(folder), 'making-'))
  try {
    const args = ['pack', `${name}@${locked.version}`, '--json', '--pack-destination', making]
    const [packed] = JSON.parse(await run('npm', args, { cwd: making, log: 'npm', timeoutMs: INSTALL_WITHIN_MS }))
    if (packed.integrity !== locked.integrity) {
      throw new SetupError(`${name} from the registry is not the one that package-lock.json names`)
    }
    await run('tar', ['-xzf', join(making, packed.filename), '-C', making], { log: 'npm' })
    await rm(folder, { recursive: true, force: true })
    await rename(join(making, 'package'), folder)
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

/** A Node 24 outside node_modules, which npm empties. */
async function provideNode(progress) {
  const { version } = (await lockedPackages())[`node_modules/node-linux-${arch()}`] ?? {}
  const folder = join(cacheRoot(), 'node', `${version}-${arch()}`)
  const node = join(folder, 'bin', 'node')
  if (spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${version}`) return node
  progress.update('downloading Node 24')
  await downloadNode(folder)
  return node
}

/**
 * Installs what the lock file says. No package's install script runs: the set-up provides the worker itself, and every
 * other package ships its binaries.
 * @param {import('./progress.mjs').Progress} progress
 */
export async function installNpmPackages(progress) {
  const onRetry = (error, pauseMs) => progress.note(`${error.message}; again in ${pauseMs / 1000} s`)
  const npm = await findNpm()
  const node = await withRetries(() => provideNode(progress), onRetry)
  progress.update('npm ci')
  const args = [npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await withRetries(() => run(node, args, { cwd: root, log: 'npm', timeoutMs: INSTALL_WITHIN_MS }), onRetry)
  if (await npmRecordMatches()) return
  throw new SetupError('npm ci ended well, but node_modules differs from the lock file')
}
