// SPDX-License-Identifier: Apache-2.0
// What a bench ran on: without it a figure means nothing.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import type { Machine } from './report.ts'

const run = promisify(execFile)

/** The machine, as the report names it. No host name: reports are published. */
export function describeMachine(): Machine {
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: /^PRETTY_NAME="(.*)"$/m.exec(readText('/etc/os-release'))?.[1] ?? 'unknown',
    node: process.version,
    date: new Date().toISOString().slice(0, 16),
  }
}

/** Commit that is measured. `+changes` = a file of the programs differs from it. */
export async function describeCommit(root: string): Promise<string> {
  try {
    const { stdout: commit } = await run('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: root })
    const { stdout: changes } = await run('git', ['status', '--porcelain', '-uno', '--', ':!bench', ':!docs'], {
      cwd: root,
    })
    return commit.trim() + (changes.trim() === '' ? '' : '+changes')
  } catch {
    return 'unknown'
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
