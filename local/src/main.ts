// SPDX-License-Identifier: Apache-2.0
// The launcher behind `npm start`: one machine, one room. All wiring is here.

import { runApp, systemClock } from '@nestri/runtime'
import type { App } from '@nestri/runtime'
import { USAGE } from './arguments.ts'
import { readConfig } from './config.ts'
import { launch } from './launch.ts'
import { loadRoom, readArguments } from './prepare.ts'
import { Screen } from './screen.ts'

const config = readConfig()
const screen = new Screen({
  write: (text) => process.stdout.write(text),
  colour: config.colour,
  now: systemClock.monotonicMs,
  clock: () => new Date().toTimeString().slice(0, 8),
})

async function main(app: App): Promise<void> {
  const args = readArguments(config.args)
  if (args.help) {
    screen.line(USAGE)
    return
  }
  const room = loadRoom(args.file, config.workingFolder)
  if (args.check) {
    screen.line(`${room.file} is a valid NestriRoom`)
    for (const note of room.notes) screen.line(`Note: ${note}.`)
    return
  }
  await launch(app, { args, config, room, screen })
}

await runApp({ name: 'local', logLevel: 'warn', closeDeadlineMs: 4_700 }, main)
