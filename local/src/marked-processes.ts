// SPDX-License-Identifier: Apache-2.0
// Processes that carry the mark of a run in their environment, wherever they stand in the process tree: a game may have
// started others and may have left its group. NESTRI_RUN_ID begins with what markOf (plan.ts) makes of run, program and
// incarnation.

import { readdirSync, readFileSync } from 'node:fs'
import { pause } from '@nestri/runtime'

const POLL_MS = 50
const KILL_MS = 2_000

/** Pids of the living processes that this user may see whose mark begins with `runId`. */
export function markedProcesses(runId: string): number[] {
  const mark = `NESTRI_RUN_ID=${runId}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && hasMark(pid, mark))
}

/** Waits until the processes of a run have ended; ends them after `graceMs` with SIGTERM, and those that stay with SIGKILL. */
export async function endMarkedProcesses(runId: string, { graceMs }: { graceMs: number }): Promise<void> {
  if (await gone(runId, graceMs)) return
  signalAll(runId, 'SIGTERM')
  if (await gone(runId, KILL_MS)) return
  signalAll(runId, 'SIGKILL')
  await gone(runId, KILL_MS)
}

/** When a process was started, in clock ticks since boot as text: with the pid it names a process for ever (proc(5)). */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces; field 22 is the 20th after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

async function gone(runId: string, ms: number): Promise<boolean> {
  const end = performance.now() + ms
  while (markedProcesses(runId).length > 0) {
    if (performance.now() >= end) return false
    await pause(POLL_MS)
  }
  return true
}

function signalAll(runId: string, signal: NodeJS.Signals): void {
  for (const pid of markedProcesses(runId)) {
    try {
      process.kill(pid, signal)
    } catch {
      // ESRCH: it ended by itself.
    }
  }
}

function hasMark(pid: number, mark: string): boolean {
  try {
    // A process that ended and was not collected has no environment.
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .some((variable) => variable.startsWith(mark))
  } catch {
    return false
  }
}
