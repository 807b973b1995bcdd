// SPDX-License-Identifier: Apache-2.0
// The steps of the set-up in order. Each knows fast whether it is done; what is done is skipped.

import { spawnSync } from 'node:child_process'
import { access, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { join } from 'node:path'
import { startPackages, testPackages } from '../packages.mjs'
import { debianRelease, installCommand, installPackages, missingPackages } from './apt.mjs'
import { plainEnvironment, run, succeeds } from './command.mjs'
import { SetupError } from './errors.mjs'
import { installNpmPackages, npmRecordMatches } from './npm.mjs'
import { hashOf, node24, readIfThere, root, stampFolder } from './paths.mjs'
import { provideWorker, workerIsReady } from './worker.mjs'

/**
 * @typedef {object} Step
 * @property {string} title what a person reads
 * @property {string} why what the step is good for
 * @property {string} whatToDo said when it fails and the failure itself says nothing better
 * @property {(goal: 'start' | 'test') => Promise<boolean>} isDone fast
 * @property {(goal: 'start' | 'test', progress: import('./progress.mjs').Progress) => Promise<void>} run
 */

const NODE_MAJOR = 24
const BUILD_WITHIN_MS = 15 * 60_000

function packagesFor(goal) {
  return [...Object.keys(startPackages), ...(goal === 'test' ? Object.keys(testPackages) : [])]
}

/** @type {Step} */
const systemPackages = {
  title: 'Debian packages',
  why: 'compilers, GStreamer, the X display, sound and the game come from Debian',
  whatToDo: 'Check the network and the sources in /etc/apt, then run the command again.',
  async isDone(goal) {
    if (process.env.NESTRI_SKIP_PACKAGES) return true
    await debianRelease()
    return missingPackages(packagesFor(goal)).length === 0
  },
  async run(goal, progress) {
    const missing = missingPackages(packagesFor(goal))
    if (process.getuid() !== 0) {
      throw new SetupError(`${missing.length} Debian packages are missing, and installing them needs root`, {
        whatToDo: `Run this, then the same command again:\n\n  ${installCommand(missing)}\n`,
      })
    }
    await installPackages(missing, progress)
    const still = missingPackages(packagesFor(goal))
    if (still.length > 0) throw new SetupError(`apt-get ended well, but ${still.join(', ')} are not installed`)
  },
}

/** @type {Step} */
const npmPackages = {
  title: 'npm packages',
  why: 'libraries, the compiler, the linter and Node 24 come from npm',
  whatToDo: 'Check that the npm registry can be reached (npm ping), then run the command again.',
  isDone: npmRecordMatches,
  run: (_goal, progress) => installNpmPackages(progress),
}

/** @type {Step} */
const node = {
  title: `Node ${NODE_MAJOR}`,
  why: 'the programs need it, and the system may have an older one',
  whatToDo: 'Only x86-64 and arm64 Linux have this package. Remove node_modules and run the command again.',
  async isDone() {
    const { stdout } = spawnSync(node24, ['--version'], { encoding: 'utf8' })
    return stdout?.startsWith(`v${NODE_MAJOR}.`) ?? false
  },
  async run() {
    // npm 9 takes the link away again when it skips the package of the other processor.
    const target = join('..', `node-linux-${arch()}`, 'bin', 'node')
    await rm(node24, { force: true })
    await symlink(target, node24)
    const { error, stdout, stderr } = spawnSync(node24, ['--version'], { encoding: 'utf8' })
    if (stdout?.startsWith(`v${NODE_MAJOR}.`)) return
    throw new SetupError(`node_modules/.bin/node is not Node ${NODE_MAJOR}: ${error?.message ?? stdout + stderr}`)
  },
}

/** @type {Step} */
const worker = {
  title: 'mediasoup worker',
  why: 'the relay forwards media in it',
  whatToDo: 'The log has the details. MEDIASOUP_WORKER_BIN can name a worker that you provide.',
  isDone: workerIsReady,
  run: (_goal, progress) => provideWorker(progress),
}

const native = join(root, 'streamer', 'native')
const nativeBuild = join(native, 'build')

/** What is needed of the addon's build; its own tests are built with sanitizers elsewhere. */
function nativeTargets(goal) {
  return goal === 'test' ? ['nestri_streamer.node', 'nestri-x11-clock'] : ['nestri_streamer.node']
}

/** @type {Step} */
const addon = {
  title: 'streamer addon',
  why: 'it captures, encodes and publishes',
  whatToDo: "The log has the compiler's words.",
  // ninja itself knows what is up to date; a build that was interrupted is not.
  async isDone(goal) {
    const { status, stdout } = spawnSync('ninja', ['-C', nativeBuild, '-n', ...nativeTargets(goal)], {
      encoding: 'utf8',
      env: plainEnvironment(),
    })
    return status === 0 && stdout.includes('no work to do')
  },
  async run(goal, progress) {
    const options = { cwd: native, log: 'addon', timeoutMs: BUILD_WITHIN_MS, nice: true }
    const configured = await access(join(nativeBuild, 'build.ninja')).then(
      () => succeeds('meson', ['introspect', '--buildoptions', nativeBuild], { log: 'addon' }),
      () => false,
    )
    if (!configured) {
      progress.update('configuring')
      await rm(nativeBuild, { recursive: true, force: true })
      await run('meson', ['setup', nativeBuild, native], options)
    }
    const onLine = (line) => {
      const count = /^\[(\d+\/\d+)\]/.exec(line)?.[1]
      if (count) progress.update(`compiling ${count}`)
    }
    await run('ninja', ['-C', nativeBuild, ...nativeTargets(goal)], { ...options, onLine })
  },
}

const viewerFolder = join(root, 'relay', 'viewer')
const viewerStamp = join(stampFolder, 'viewer')

function viewerHash() {
  return hashOf([viewerFolder, join(root, 'protocol', 'src'), join(root, 'package-lock.json')], ['dist', 'dist-new'])
}

/** @type {Step} */
const viewer = {
  title: 'viewer page',
  why: 'the relay serves it to browsers',
  whatToDo: "The log has the bundler's words.",
  async isDone() {
    const page = await readIfThere(join(viewerFolder, 'dist', 'index.html'))
    return page !== undefined && (await readIfThere(viewerStamp)) === (await viewerHash())
  },
  async run() {
    const hash = await viewerHash()
    const aside = join(viewerFolder, 'dist-new')
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
    await run(node24, [vite, 'build', '--outDir', aside, '--emptyOutDir'], {
      cwd: viewerFolder,
      log: 'viewer',
      timeoutMs: BUILD_WITHIN_MS,
    })
    await rm(join(viewerFolder, 'dist'), { recursive: true, force: true })
    await rename(aside, join(viewerFolder, 'dist'))
    await mkdir(stampFolder, { recursive: true })
    await writeFile(viewerStamp, hash)
  },
}

/** @type {Step[]} */
export const steps = [systemPackages, npmPackages, node, worker, addon, viewer]
