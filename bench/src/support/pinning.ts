// SPDX-License-Identifier: Apache-2.0
// Which CPUs a program's processes may run on.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { listProcesses, processTree } from '../processes.ts'

const run = promisify(execFile)

/** Lets a process, its threads and everything below it run on `cpus` only, e.g. `0` or `0,1`. */
export async function pinTree(rootPid: number, cpus: string): Promise<void> {
  for (const { pid } of processTree(listProcesses(), rootPid)) {
    // A process that ended in the meantime is no error.
    await run('taskset', ['-acp', cpus, String(pid)]).catch(() => undefined)
  }
}
