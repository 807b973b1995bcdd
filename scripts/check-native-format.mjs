// SPDX-License-Identifier: Apache-2.0
// Checks the format of C++ with clang-format 14, Debian 12's: every version formats a little differently, so with
// another one there is nothing to check against. `--write` formats.

import { execFileSync, spawnSync } from 'node:child_process'
import { root } from './setup/paths.mjs'

const VERSION = '14'

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.cpp', '*.h'], {
  cwd: root,
  encoding: 'utf8',
})
// The worker's recipe is written in its upstream's style.
const files = listed.split('\0').filter((file) => file !== '' && !file.startsWith('relay/worker/'))
const { stdout, error } = spawnSync('clang-format', ['--version'], { encoding: 'utf8' })
const version = /version (\d+)\./.exec(stdout ?? '')?.[1]
if (error || version !== VERSION) {
  process.stderr.write(
    `format of C++ not checked: clang-format is ${version ?? 'missing'}, the project's is ${VERSION}\n`,
  )
} else {
  const how = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '--Werror']
  const { status } = spawnSync('clang-format', [...how, ...files], { cwd: root, stdio: 'inherit' })
  process.exit(status ?? 1)
}
