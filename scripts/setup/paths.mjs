// SPDX-License-Identifier: Apache-2.0
// Where things lie: the clone, the cache outside it, stamps and logs inside it; and hashes of files.

import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone's root folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')

/** Stamps live in node_modules, so that `npm ci` voids them together with the tools that they were made with. */
export const stampFolder = join(root, 'node_modules', '.cache', 'nestri')

/** Output of long steps, one file each. */
export const logFolder = join(root, 'build', 'log')

/** Node 24 from npm: `npm ci` puts it here. */
export const node24 = join(root, 'node_modules', '.bin', 'node')

/** The folder for what is expensive to make and belongs to no clone: NESTRI_CACHE, else XDG_CACHE_HOME/nestri, else ~/.cache/nestri. */
export function cacheRoot(env = process.env) {
  if (env.NESTRI_CACHE) return env.NESTRI_CACHE
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'nestri')
  return join(env.HOME || homedir(), '.cache', 'nestri')
}

/** All files under `folder`, sorted, leaving out the names in `without`. */
async function filesUnder(folder, without) {
  const entries = await readdir(folder, { withFileTypes: true })
  const lists = await Promise.all(
    entries
      .filter((entry) => !without.includes(entry.name))
      .map((entry) => {
        const path = join(folder, entry.name)
        return entry.isDirectory() ? filesUnder(path, without) : [path]
      }),
  )
  return lists.flat().sort()
}

/**
 * A hash over the names and contents of files; a folder counts with all that is under it.
 * @param {string[]} paths files or folders inside the clone
 * @param {string[]} [without] names of files and folders to leave out
 */
export async function hashOf(paths, without = []) {
  const hash = createHash('sha256')
  for (const path of paths) {
    const files = await filesUnder(path, without).catch((error) => {
      if (error.code === 'ENOTDIR') return [path]
      throw error
    })
    for (const file of files) {
      hash.update(`${relative(root, file)}\0`)
      hash.update(await readFile(file))
    }
  }
  return hash.digest('hex')
}

/** The text of a file, or undefined where there is none. */
export async function readIfThere(path) {
  return readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
}
