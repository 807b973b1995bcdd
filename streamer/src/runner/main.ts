// SPDX-License-Identifier: Apache-2.0
// The runner: one room's desktop, sound server, streamer and game as supervised processes. Reads environment variables and
// nothing else; tells its steps as JSON lines on standard output and logs on standard error.

import { runRunner } from './run-runner.ts'
import { hostCommand } from './streamer-host.ts'

await runRunner(hostCommand(process.execPath))
