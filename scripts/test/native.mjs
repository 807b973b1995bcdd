// SPDX-License-Identifier: Apache-2.0
// Builds the addon's core with address and undefined-behaviour sanitizers in a build folder of its own, and runs its
// tests there.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { plainEnvironment } from '../setup/command.mjs'
import { root } from '../setup/paths.mjs'

const source = join(root, 'streamer', 'native')
const build = join(source, 'build-asan')
const OPTIONS = ['--buildtype=debugoptimized', '-Db_sanitize=address,undefined', '-Db_lundef=false']

const env = plainEnvironment({
  // GLib's own allocator for small pieces would hide errors from the sanitizer.
  G_SLICE: 'always-malloc',
  ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
})

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: source, env, stdio: 'inherit' })
  if (error) process.stderr.write(`${command} cannot be started: ${error.message}\n`)
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync(join(build, 'build.ninja'))) run('meson', 'setup', build, source, ...OPTIONS)
run('ninja', '-C', build, '--quiet')
run('meson', 'test', '-C', build, '--print-errorlogs', '--no-rebuild')
