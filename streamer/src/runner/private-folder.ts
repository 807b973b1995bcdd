// SPDX-License-Identifier: Apache-2.0
// The private folder of one run: sockets, cookies, and the home of services. It goes with the run.

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface PrivateFolder extends AsyncDisposable {
  path: string
}

const PREFIX = 'room-'

/**
 * Makes a folder of mode 0700.
 * @param parent a folder of this run alone, whose earlier folders are removed; undefined = the folder for temporary files
 */
export async function makePrivateFolder(parent: string | undefined, temporary: string): Promise<PrivateFolder> {
  if (parent !== undefined) await removeEarlier(parent)
  const path = await mkdtemp(parent === undefined ? join(temporary, 'nestri-room-') : join(parent, PREFIX))
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}

async function removeEarlier(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.startsWith(PREFIX)) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 3 })
  }
}
