// SPDX-License-Identifier: Apache-2.0
// Debian packages: which are missing, installing them, and source packages fetched through a private configuration that
// leaves the system's own lists and sources alone.

import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plainEnvironment, run, withRetries } from './command.mjs'
import { SetupError } from './errors.mjs'

/** Debian releases that the set-up knows, by VERSION_CODENAME. */
const KNOWN_RELEASES = ['bookworm', 'trixie']
/** What Debian's archives are signed with; every Debian system has it. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * The running system's Debian release.
 * @returns {Promise<{codename: string, version: string}>}
 * @throws {SetupError} on any other system
 */
export async function debianRelease() {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const field = (name) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? ''
  const codename = field('VERSION_CODENAME')
  if (field('ID') === 'debian' && KNOWN_RELEASES.includes(codename)) return { codename, version: field('VERSION_ID') }
  const system = field('PRETTY_NAME') || `${process.platform} without /etc/os-release`
  throw new SetupError(`this system is ${system}; the set-up knows Debian 12 (bookworm) and 13 (trixie) only`, {
    whatToDo: 'Use a Debian 12 or 13 machine or container.',
  })
}

/**
 * Those of `names` that are not installed.
 * @param {string[]} names
 * @returns {string[]}
 */
export function missingPackages(names) {
  const { stdout, error } = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status} ${Package}\n', ...names], {
    encoding: 'utf8',
    env: plainEnvironment(),
  })
  if (error) throw new SetupError(`dpkg-query cannot be run: ${error.message}`)
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length)),
  )
  return names.filter((name) => !installed.has(name))
}

/** The command that a person types to install packages. */
export function installCommand(names) {
  return `sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')}'`
}

const PATIENT = ['-q', '-y', '-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Dpkg::Use-Pty=0']

/**
 * Installs packages as root.
 * @param {string[]} names
 * @param {import('./progress.mjs').Progress} progress
 */
export async function installPackages(names, progress) {
  const onRetry = (error, pauseMs) => progress.note(`${error.message}; again in ${pauseMs / 1000} s`)
  progress.update('reading the package lists')
  await withRetries(() => run('apt-get', [...PATIENT, 'update'], { log: 'packages' }), onRetry).catch((error) => {
    // A foreign source of this machine may be broken; whether the lists suffice shows in the installation.
    progress.note(`the package lists could not all be read (${error.message})`)
  })
  let done = 0
  const onLine = (line) => {
    if (/^Get:\d+/.test(line)) progress.update(`downloading ${line.split(' ')[4] ?? ''}`)
    if (line.startsWith('Unpacking ')) progress.update(`unpacking ${line.split(' ')[1]}`)
    if (line.startsWith('Setting up ')) progress.update(`${++done} set up, now ${line.split(' ')[2]}`)
  }
  await withRetries(
    () =>
      run('apt-get', [...PATIENT, 'install', '--no-install-recommends', ...names], {
        log: 'packages',
        onLine,
        finish: true,
      }),
    onRetry,
  )
}

/** The `deb-src` lines for the Debian archives that this system's binary packages come from. */
async function sourceLines(codename) {
  const format = '$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)'
  const targets = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']).catch(() => '')
  const lines = targets
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([origin, , suite, part]) => origin === 'Debian' && suite?.startsWith(codename) && part === 'main')
    .map(([, uri, suite]) => `deb-src [signed-by=${KEYRING}] ${uri} ${suite} main`)
  if (lines.length > 0) return [...new Set(lines)]
  return [`deb-src [signed-by=${KEYRING}] http://deb.debian.org/debian ${codename} main`]
}

/**
 * Downloads and unpacks the source package of an installed binary package, in exactly the installed version. apt checks
 * it against the archive's signature. The system's configuration and lists are not touched.
 * @param {string} binaryPackage
 * @param {string} folder an existing folder for everything that this needs
 * @returns {Promise<string>} the unpacked source's folder
 */
export async function fetchSource(binaryPackage, folder) {
  const { codename } = await debianRelease()
  const format = '${source:Package}=${source:Version}'
  const wanted = (await run('dpkg-query', ['-W', `-f=${format}`, binaryPackage])).trim()
  const at = (...parts) => join(folder, 'apt', ...parts)
  await mkdir(at('lists', 'partial'), { recursive: true })
  await mkdir(at('cache', 'archives', 'partial'), { recursive: true })
  await writeFile(at('sources.list'), `${(await sourceLines(codename)).join('\n')}\n`)
  const options = [
    ['Dir::Etc::sourcelist', at('sources.list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::State::lists', at('lists')],
    ['Dir::Cache', at('cache')],
    ['Acquire::Retries', '2'],
    ['Acquire::Languages', 'none'],
    // The unprivileged download user cannot write into a folder of root's.
    ...(process.getuid() === 0 ? [['APT::Sandbox::User', 'root']] : []),
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const limits = { log: 'worker', timeoutMs: 120_000 }
  await run('apt-get', ['-q', ...options, 'update'], limits)
  await run('apt-get', ['-q', ...options, 'source', '--download-only', wanted], { ...limits, cwd: at() })
  const description = (await readdir(at())).find((name) => name.endsWith('.dsc'))
  const source = join(folder, 'source')
  await run('dpkg-source', ['--extract', at(description), source], limits)
  return source
}
