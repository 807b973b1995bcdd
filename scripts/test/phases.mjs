// SPDX-License-Identifier: Apache-2.0
// The phases of `npm test` in order. Each is one or more commands with a deadline for all of them together.

import { join } from 'node:path'
import { node24, root } from '../setup/paths.mjs'

const MINUTE_MS = 60_000
const bin = (name) => join(root, 'node_modules', '.bin', name)
const script = (name, ...args) => [node24, join(root, 'scripts', name), ...args]

/**
 * @typedef {object} Phase
 * @property {string} name for `--only`
 * @property {string} what said in `--help`
 * @property {number} deadlineMs for the whole phase
 * @property {string[][]} [commands] run one after the other; each counts as one check
 * @property {string[]} [program] a command that counts its tests itself, and gets the file for the counts as argument
 * @property {{files: string[], timeoutMs: number, fileDeadlineMs?: number}} [tests] node:test files as globs; each test
 *   counts; `timeoutMs` is for each of them; with `fileDeadlineMs` the files run one after the other, each within it
 */

/** @type {Phase[]} */
export const phases = [
  {
    name: 'format',
    what: 'format of every file',
    deadlineMs: MINUTE_MS,
    commands: [[bin('biome'), 'format', '.'], script('check-native-format.mjs')],
  },
  {
    name: 'lint',
    what: 'rules of the linter, licence lines, lock file, unused files and packages',
    deadlineMs: 3 * MINUTE_MS,
    commands: [
      [bin('oxlint'), '--type-aware', '--deny-warnings', '.'],
      script('check-sources.mjs'),
      script('check-lock.mjs'),
      [bin('knip'), '--no-progress'],
    ],
  },
  {
    name: 'typecheck',
    what: 'types of all packages',
    deadlineMs: 3 * MINUTE_MS,
    commands: [[bin('tsc'), '--build']],
  },
  {
    name: 'generate',
    what: 'generated files are what their sources say',
    deadlineMs: MINUTE_MS,
    commands: [[node24, '--conditions=source', join(root, 'scripts', 'generate.ts'), '--check']],
  },
  {
    name: 'unit',
    what: 'tests without other processes',
    deadlineMs: 5 * MINUTE_MS,
    tests: {
      files: [
        '{protocol,runtime,streamer,relay,local,bench}/src/**/*.test.ts',
        'relay/viewer/src/**/*.test.ts',
        'e2e/support/**/*.test.ts',
        'scripts/**/*.test.{ts,mjs}',
      ],
      timeoutMs: MINUTE_MS,
    },
  },
  {
    name: 'native',
    what: "tests of the addon's C++ with address and undefined-behaviour sanitizers",
    deadlineMs: 12 * MINUTE_MS,
    program: script('test/native.mjs'),
  },
  {
    name: 'process',
    what: 'tests with real GStreamer, mediasoup and Chromium',
    deadlineMs: 35 * MINUTE_MS,
    tests: {
      files: ['{protocol,runtime,streamer,relay,local,bench}/test/**/*.test.ts', 'e2e/local/**/*.test.ts'],
      timeoutMs: 5 * MINUTE_MS,
      // One by one: media at 60 frames a second does not share two cores with another test.
      fileDeadlineMs: 8 * MINUTE_MS,
    },
  },
]
