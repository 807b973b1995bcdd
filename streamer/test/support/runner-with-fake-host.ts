// SPDX-License-Identifier: Apache-2.0
// The runner, with fake-host.ts in place of the streamer host. Its arguments are passed to the fake.

import { fileURLToPath } from 'node:url'
import { runRunner } from '../../src/runner/run-runner.ts'

const fake = fileURLToPath(new URL('./fake-host.ts', import.meta.url))
await runRunner([process.execPath, fake, ...process.argv.slice(2)])
