// SPDX-License-Identifier: Apache-2.0
// `npm start`: prepares the machine, then becomes the launcher of one room (local/src/main.ts) on Node 24. Arguments and
// the exit status pass through, and so do signals: to whoever started this, it is the launcher.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setupOrExit } from './setup.mjs'
import { node24, root } from './setup/paths.mjs'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The launcher's command line. Under npm the kernel ends the launcher when npm dies, since npm then cannot pass the
 * signal on; started from a shell it outlives the shell, as with nohup.
 */
function commandLine(args) {
  const line = [node24, '--conditions=source', join(root, 'local', 'src', 'main.ts'), ...args]
  return process.env.npm_lifecycle_event === 'start' ? ['setpriv', '--pdeathsig', 'TERM', ...line] : line
}

/** The launcher as a child, where this Node cannot replace itself: the first run, on the system's older Node. */
function runAsChild([command, ...args]) {
  // It must not outlive us: nobody would be left to pass it a signal.
  const line = command === 'setpriv' ? [command, ...args] : ['setpriv', '--pdeathsig', 'TERM', command, ...args]
  const child = spawn(line[0], line.slice(1), { stdio: 'inherit' })
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // On a terminal Ctrl-C reaches the child by itself.
      if (!(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    process.stderr.write(`${line[0]} cannot be started: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

await setupOrExit('start')
const line = commandLine(process.argv.slice(2))
if (process.execve) {
  // Does not return. It wants a path, and the environment as it is.
  process.execve(line[0] === 'setpriv' ? '/usr/bin/setpriv' : line[0], line, process.env)
}
runAsChild(line)
