// SPDX-License-Identifier: Apache-2.0
// One measuring window: frames, keys, packets, processor time and the streamer's own figures over the same seconds.

import { setTimeout as wait } from 'node:timers/promises'
import { inboundStats } from '@nestri/e2e'
import type { StreamStats } from '@nestri/protocol'
import type { Page } from 'playwright-core'
import { cpuMsBetween, machineBusyMs, type ProcessFacts, proportionalMib } from '../processes.ts'
import type { TappedFrame } from '../support/tap.ts'
import { type PresentedFrame, takeRecording } from './page-reader.ts'
import { browserProcesses, ROOM, runnerParts, type Scene, treeOf } from './scene.ts'

export interface Window {
  seconds: number
  startMs: number
  frames: PresentedFrame[]
  keysMs: number[]
  tapped: TappedFrame[]
  /** The streamer's figures of each second. */
  stats: StreamStats[]
  /** Percent of one core. */
  cpu: { runner: number; xServer: number; game: number; relay: number; browser: number; others: number }
  runnerRssMib: number
  runnerPssMib: number
  /** CPU of each process of the runner, for the cause of a miss. */
  runnerDetails: string[]
  framesDecoded: number
}

const KEY = 'KeyW'
/** Keys come at times that fit no frame rate. */
const KEY_EVERY_MS = 230
const KEY_SPREAD_MS = 170
const KEY_HELD_MS = 40

/** Measures for `seconds`, with keys pressed in the page or without. */
export async function measureWindow(scene: Scene, seconds: number, withKeys: boolean): Promise<Window> {
  const { relay, page, tap } = scene
  const parts = (): Record<string, ProcessFacts[]> => ({
    ...runnerParts(treeOf(scene.runner)),
    relay: treeOf(relay.program),
    browser: browserProcesses(),
  })
  await takeRecording(page)
  await tap.frames()
  const decodedBefore = (await inboundStats(page))?.framesDecoded ?? 0
  const [before, busyBefore, start, startMs] = [parts(), machineBusyMs(), performance.now(), Date.now()]
  const untilEnd = new AbortController()
  const [stats] = await Promise.all([
    collectStats(scene, untilEnd.signal),
    withKeys ? pressKeys(page, untilEnd.signal) : undefined,
    wait(seconds * 1000).then(() => untilEnd.abort()),
  ])
  const [after, busyMs, elapsedMs] = [parts(), machineBusyMs() - busyBefore, performance.now() - start]
  const framesDecoded = ((await inboundStats(page))?.framesDecoded ?? 0) - decodedBefore
  const { frames, keysMs } = await takeRecording(page)
  const endMs = startMs + elapsedMs
  const tapped = (await tap.frames()).filter(({ lastMs }) => lastMs >= startMs && lastMs <= endMs)
  if (frames.length === 0) throw new Error(`the page presented no frame:\n${scene.runner.lines.slice(-20).join('\n')}`)
  const share = (name: string): number => (100 * cpuMsBetween(before[name] ?? [], after[name] ?? [])) / elapsedMs
  return {
    seconds: elapsedMs / 1000,
    startMs,
    frames,
    keysMs,
    tapped,
    stats,
    cpu: {
      runner: share('runner'),
      xServer: share('xServer'),
      game: share('game'),
      relay: share('relay'),
      browser: share('browser'),
      others: (100 * busyMs) / elapsedMs - Object.keys(after).reduce((sum, name) => sum + share(name), 0),
    },
    runnerRssMib: (after['runner'] ?? []).reduce((sum, { rssMib }) => sum + rssMib, 0),
    runnerPssMib: (after['runner'] ?? []).reduce((sum, { pid }) => sum + proportionalMib(pid), 0),
    runnerDetails: details(before['runner'] ?? [], after['runner'] ?? [], elapsedMs),
    framesDecoded,
  }
}

/** `12.3 % 45 MiB command` of each process. */
function details(before: readonly ProcessFacts[], after: readonly ProcessFacts[], elapsedMs: number): string[] {
  return after.map((process) => {
    const share = (100 * cpuMsBetween(before, [process])) / elapsedMs
    return `${share.toFixed(1)} % ${process.rssMib.toFixed(0)} MiB ${process.command.replaceAll(/\s+/g, ' ').slice(0, 120)}`
  })
}

/** Polls the room's figures; the runner sends new ones every second. */
async function collectStats({ relay }: Scene, signal: AbortSignal): Promise<StreamStats[]> {
  const collected: StreamStats[] = []
  while (!signal.aborted) {
    const stats = (await relay.room(ROOM))?.stats
    if (stats !== undefined && stats !== null && stats.framesEncoded !== collected.at(-1)?.framesEncoded) {
      collected.push(stats)
    }
    await wait(250)
  }
  return collected
}

async function pressKeys(page: Page, signal: AbortSignal): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const key = { code: KEY, key: 'w', windowsVirtualKeyCode: 87 }
  while (!signal.aborted) {
    await session.send('Input.dispatchKeyEvent', { type: 'keyDown', ...key })
    await wait(KEY_HELD_MS)
    await session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key })
    await wait(KEY_EVERY_MS + KEY_SPREAD_MS * Math.random())
  }
  await session.detach()
}
