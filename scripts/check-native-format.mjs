// SPDX-License-Identifier: Apache-2.0
// Checks the format of C++ with clang-format 14, Debian 12's: every version formats a little differently, so with
// another one there is nothing to check against. `--write` formats.

import { spawnSync } from 'node:child_process'
import { projectFiles } from './project-files.mjs'
import { root } from './setup/paths.mjs'

const VERSION = '14'

// The worker's recipe is written in its upstream's style.
const files = projectFiles(/\.(cpp|h)$/).filter((file) => !file.startsWith('relay/worker/'))
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
