// SPDX-License-Identifier: Apache-2.0
// Opens and closes sessions of the real addon and prints what the process holds as JSON lines. A process of its own, so
// that nothing but the sessions moves its figures. usage: cycles.ts SESSIONS EVERY

import { readdirSync, readFileSync } from 'node:fs'
import { listCandidates } from '../../src/pipeline/choose.ts'
import { describeEncoder, describeSession } from '../../src/pipeline/describe.ts'
import { loadAddon } from '../../src/native.ts'
import { aRequest } from './requests.ts'

const [sessions = 0, every = 1] = process.argv.slice(2).map(Number)
const addon = loadAddon()
const request = aRequest({ video: { widthPx: 320, heightPx: 240, framerateFps: 60 } })
const [candidate] = listCandidates(addon.inspectElement, { ...request.wish, element: 'x264enc' }).candidates
if (candidate === undefined) throw new Error('x264enc is not registered')
const { native: encoder } = describeEncoder(candidate, request.video)
const options = describeSession({ ...request, audio: null, encoder })

for (let cycle = 1; cycle <= sessions; cycle++) {
  const offered = Promise.withResolvers<void>()
  const session = addon.openSession(options, (event) => {
    if (event.type === 'offer') offered.resolve()
    if (event.type === 'error') offered.reject(new Error(`${event.element}: ${event.message}`))
  })
  await session.start()
  await offered.promise
  await session.close()
  if (cycle % every !== 0) continue
  const status = readFileSync('/proc/self/status', 'utf8')
  const held = {
    cycle,
    files: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    rssKib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]),
  }
  process.stdout.write(`${JSON.stringify(held)}\n`)
}
process.exit()
