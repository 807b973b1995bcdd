// SPDX-License-Identifier: Apache-2.0
// Ends what carries the mark of a run (NESTRI_RUN_ID in its environment), wherever it stands in the process tree: games
// start others and leave their process group. The caretaker does so when the runner itself has been killed; while it waits
// it is a shell of a megabyte.

import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnChild } from '@nestri/runtime'

/** Numbers of X displays whose sockets are removed with the run, one a line. */
const DISPLAYS_FILE = 'displays'

/**
 * $1 = mark: kills all processes whose NESTRI_RUN_ID begins with it. They may be starting others: looks until none is
 * found. Environments that this user may not read are not of this run.
 */
const KILL = `
kill_marked() {
  for round in 1 2 3 4 5 6 7 8 9 10; do
    found=$(grep -lzs "^NESTRI_RUN_ID=$1" /proc/[0-9]*/environ)
    [ -n "$found" ] || return 0
    for file in $found; do pid=\${file#/proc/}; kill -KILL "\${pid%/environ}" 2>/dev/null; done
    sleep 0.05
  done
}
`

/** $1 = mark, $2 = folder. Standard input ends when the runner is gone, however it went. */
const WAIT_AND_CLEAR = `${KILL}
cat >/dev/null
kill_marked "$1"
while read -r number; do
  socket=/tmp/.X11-unix/X$number
  grep -q " $socket$" /proc/net/unix || rm -f "$socket" # unless another server listens there by now
done <"$2/${DISPLAYS_FILE}"
rm -rf "$2"
`

/** Kills what carries a mark that begins with `mark`; resolves when it is gone. */
export async function killMarked(mark: string, path: string): Promise<void> {
  await spawnChild({
    name: 'sweep',
    command: 'sh',
    args: ['-c', `${KILL}\nkill_marked "$1"`, 'sh', mark],
    env: { PATH: path },
    stdin: 'ignore',
  }).exited
}

/** Starts a process that clears up after this one. Disposing it ends it without clearing up. */
export function startCaretaker(mark: string, folder: string, path: string): AsyncDisposable {
  writeFileSync(join(folder, DISPLAYS_FILE), '', { mode: 0o600 })
  const child = spawnChild({
    name: 'caretaker',
    command: 'sh',
    args: ['-c', WAIT_AND_CLEAR, 'sh', mark, folder],
    env: { PATH: path },
    dieWithParent: false,
  })
  return {
    [Symbol.asyncDispose]: async () => {
      child.signal('SIGKILL')
      await child.exited
    },
  }
}

/** Lets the caretaker know of a display. */
export function noteDisplay(folder: string, number: string): void {
  appendFileSync(join(folder, DISPLAYS_FILE), `${number}\n`)
}
