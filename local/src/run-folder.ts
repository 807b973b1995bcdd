// SPDX-License-Identifier: Apache-2.0
// The private folder of one run, and what tells whose it is: the pid and start time of the launcher that made it. Folders
// of launchers that are gone are swept, together with the processes that carry the mark of their run.

import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { endMarkedProcesses, startTimeOf } from './marked-processes.ts'

export interface RunFolder extends AsyncDisposable {
  path: string
  keys: string
  relay: string
  runner: string
}

const OWNER_FILE = 'launcher'
/** Time that programs of a dead launcher get to end in their own order, in ms. */
const SWEEP_GRACE_MS = 3_000

/** Makes the folder, readable by its owner alone. It is removed when it is disposed. */
export async function makeRunFolder(parent: string, runId: string): Promise<RunFolder> {
  const path = folderOf(parent, runId)
  const folder = { path, keys: join(path, 'keys'), relay: join(path, 'relay'), runner: join(path, 'runner') }
  await mkdir(path, { mode: 0o700 })
  for (const name of [folder.keys, folder.relay, folder.runner]) await mkdir(name, { mode: 0o700 })
  await writeFile(join(path, OWNER_FILE), `${process.pid} ${startTimeOf(process.pid) ?? ''}\n`)
  return { ...folder, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) }
}

/** Ends what launchers that died left behind, and removes their folders. Returns the ids of their runs. */
export async function sweepRuns(parent: string): Promise<string[]> {
  const swept: string[] = []
  for (const runId of runsIn(parent)) {
    const path = folderOf(parent, runId)
    if (ownerLives(path)) continue
    await endMarkedProcesses(runId, { graceMs: SWEEP_GRACE_MS })
    await rm(path, { recursive: true, force: true })
    swept.push(runId)
  }
  return swept
}

function folderOf(parent: string, runId: string): string {
  return join(parent, `${prefix()}${runId}`)
}

function prefix(): string {
  return `nestri-${process.getuid?.() ?? 0}-`
}

/** Runs of this user; a folder of somebody else with such a name is left alone. */
function runsIn(parent: string): string[] {
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix()))
    .filter((name) => {
      const stat = lstatSync(join(parent, name), { throwIfNoEntry: false })
      return stat?.isDirectory() === true && stat.uid === process.getuid?.()
    })
    .map((name) => name.slice(prefix().length))
    .filter((runId) => /^[a-z0-9]{26}$/.test(runId))
}

function ownerLives(path: string): boolean {
  try {
    const [pid = '', startTime = ''] = readFileSync(join(path, OWNER_FILE), 'utf8').trim().split(' ')
    return startTime !== '' && startTimeOf(Number(pid)) === startTime
  } catch {
    // Made this moment by another launcher, or half removed: only an old one is swept.
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat !== undefined && Date.now() - stat.ctimeMs < 10_000
  }
}
