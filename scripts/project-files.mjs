// SPDX-License-Identifier: Apache-2.0
// The files that the project consists of: what git tracks or would track, also where the clone belongs to another user.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup/paths.mjs'

/**
 * Paths relative to the root of files that exist and that git does not ignore.
 * @param {RegExp} pattern what to keep
 */
export function projectFiles(pattern) {
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return [...new Set(listed.split('\0'))].filter((file) => pattern.test(file) && existsSync(join(root, file)))
}
