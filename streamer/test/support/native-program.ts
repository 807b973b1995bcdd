// SPDX-License-Identifier: Apache-2.0
// Run as a program or a worker thread: streams, and ends in the way its argument names.

import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { loadAddon } from '../../src/native.ts'
import { startSession } from './native-session.ts'

const how: unknown = isMainThread ? process.argv[2] : workerData
const addon = loadAddon()
const { session, offer } = await startSession(addon)
const sdp = await offer
parentPort?.postMessage(sdp)
switch (how) {
  case 'close':
    await session.close()
    break
  case 'exit':
    process.exit(7)
    break
  case 'throw':
    throw new Error('thrown while streaming')
  case 'throw-in-callback':
    // What a callback throws must end the process as any uncaught error does, even when it is no Error.
    addon
      .openSession({ ...(await import('./native-session.ts')).sessionOptions() }, () => {
        // oxlint-disable-next-line typescript/only-throw-error -- what must not end the process
        throw null
      })
      .start()
      .catch(() => undefined)
    break
  default:
    break
}
