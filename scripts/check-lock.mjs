// SPDX-License-Identifier: Apache-2.0
// Checks that package-lock.json names every optional package of every platform: `node scripts/check-lock.mjs [--fix]`.
// npm writes only those that its registry serves, and some mirrors serve this platform's alone; `npm ci` then refuses
// the lock file everywhere. `--fix` adds the missing ones with the platform that their names say. They have no integrity:
// npm never downloads them on the platforms that the project supports.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './setup/paths.mjs'

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']
const file = join(root, 'package-lock.json')

/** The platform that a package's name says, in the fields of a lock file. */
function platformOf(name) {
  const words = name.slice(name.lastIndexOf('/') + 1).split(/[-.]/)
  const system = words.find((word) => SYSTEMS.includes(word))
  const processor = words.find((word) => PROCESSORS.includes(word))
  if (processor === undefined) return undefined
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : words.includes('gnu') ? 'glibc' : undefined
  return {
    cpu: [processor],
    ...(libc && { libc: [libc] }),
    ...(system && { os: [system] }),
  }
}

/** Optional packages that some entry names and that have no entry of their own, with the version asked for. */
function missingEntries(packages) {
  const missing = new Map()
  for (const entry of Object.values(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (packages[`node_modules/${name}`] === undefined) missing.set(name, version)
    }
  }
  return missing
}

const lock = JSON.parse(await readFile(file, 'utf8'))
const missing = missingEntries(lock.packages)
const unknown = [...missing].filter(([name]) => platformOf(name) === undefined).map(([name]) => name)
if (process.argv.includes('--fix')) {
  for (const [name, version] of missing) {
    const platform = platformOf(name)
    if (platform)
      lock.packages[`node_modules/${name}`] = { version: version.replace(/^[\^~]/, ''), optional: true, ...platform }
  }
  const order = ([a], [b]) => (a < b ? -1 : 1)
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(order))
  await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`)
}
const open = process.argv.includes('--fix') ? unknown : [...missing.keys()]
if (open.length > 0) {
  process.stderr.write(`package-lock.json has no entry for ${open.join(', ')}\n`)
  process.stderr.write('Run: node scripts/check-lock.mjs --fix\n')
  process.exit(1)
}
