// SPDX-License-Identifier: Apache-2.0
// Builds the addon's core with address and undefined-behaviour sanitizers in a build folder of its own, runs its tests
// there, and writes how many passed to the file that it is given.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plainEnvironment } from '../setup/command.mjs'
import { root } from '../setup/paths.mjs'

const source = join(root, 'streamer', 'native')
const build = join(source, 'build-asan')
// -O1: sanitizers make the compiler slow, and at -O2 slower than all tests together.
const OPTIONS = ['-Ddebug=true', '-Doptimization=1', '-Db_sanitize=address,undefined', '-Db_lundef=false']

const env = plainEnvironment({
  // GLib's own allocator for small pieces would hide errors from the sanitizer.
  G_SLICE: 'always-malloc',
  // Leaks of GLib and the drivers are not ours to judge; what must come back is counted by tests.
  ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
})

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: source, env, stdio: 'inherit' })
  if (error) process.stderr.write(`${command} cannot be started: ${error.message}\n`)
  return status ?? 1
}

/** What meson says about each test: one JSON text per line. */
function results() {
  const log = join(build, 'meson-logs', 'testlog.json')
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

function summarize(tests) {
  const file = join(source, 'tests')
  const of = (...words) => tests.filter(({ result }) => words.includes(result))
  const failures = tests.filter((one) => !of('OK', 'EXPECTEDFAIL', 'SKIP').includes(one))
  return {
    passed: of('OK', 'EXPECTEDFAIL').length,
    skipped: of('SKIP').length,
    failed: failures.length,
    failures: failures.map(({ name, result }) => ({ name: `${name}: ${result}`, file, line: 0 })),
    slowest: tests.map(({ name, duration }) => ({ name, ms: Math.round(duration * 1000) })),
  }
}

if (!existsSync(join(build, 'build.ninja')) && run('meson', 'setup', build, source, ...OPTIONS) !== 0) process.exit(1)
if (run('ninja', '-C', build, '--quiet', 'meson-test-prereq') !== 0) process.exit(1)
const status = run('meson', 'test', '-C', build, '--print-errorlogs', '--no-rebuild')
const tests = results()
if (tests.length === 0) {
  process.stderr.write('the build has no tests: is doctest-dev installed?\n')
  process.exit(1)
}
if (process.argv[2]) writeFileSync(process.argv[2], JSON.stringify(summarize(tests)))
process.exit(status)
