// SPDX-License-Identifier: Apache-2.0
// A process that waits for the launcher's death and then clears up what it left, so that also kill -9 leaves nothing
// behind. While it waits it is a shell of a megabyte; only then it becomes Node and runs sweep-main.ts.

import { fileURLToPath } from 'node:url'
import { spawnChild } from '@nestri/runtime'

/** Starts the caretaker of the runs in `parent`. Disposing it ends it without clearing up. */
export function startCaretaker(parent: string, path: string): AsyncDisposable {
  const sweep = fileURLToPath(new URL('./sweep-main.ts', import.meta.url))
  const child = spawnChild({
    name: 'caretaker',
    command: 'sh',
    // Standard input stays open as long as the launcher lives, however it ends.
    args: ['-c', 'cat >/dev/null; exec "$@"', 'sh', process.execPath, '--conditions=source', sweep, parent],
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
