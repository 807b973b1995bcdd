// SPDX-License-Identifier: Apache-2.0
// Everything that runs during one start of the latency bench: relay, runner with desktop and clock program, Chromium
// with the player's page, the tap on loopback.

import { openBrowser, openPage, openRelay, openRunner, type Program, type Relay, X11_CLOCK } from '@nestri/e2e'
import { waitFor } from '@nestri/runtime'
import type { Browser, Page } from 'playwright-core'
import { listProcesses, type ProcessFacts, processTree } from '../processes.ts'
import { Tap } from '../support/tap.ts'
import { openTargetProxy, type TargetProxy } from '../support/target-proxy.ts'

export const ROOM = 'bench'
const WORKERS = 2

export interface Scene extends AsyncDisposable {
  relay: Relay
  runner: Program
  proxy: TargetProxy
  browser: Browser
  /** The player's page; its stage was clicked, so that keys go to the room. */
  page: Page
  tap: Tap
}

/** Starts everything and waits until the page shows the room. */
export async function openScene(framerateFps: number): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const relay = stack.use(await openRelay({ NESTRI_WORKERS: String(WORKERS) }))
  const proxy = stack.use(await openTargetProxy(relay.port))
  const runner = stack.use(
    await openRunner(relay, {
      room: ROOM,
      game: `${X11_CLOCK} --fps ${framerateFps}`,
      env: {
        RELAY_URL: `ws://127.0.0.1:${proxy.port}`,
        FRAMERATE: String(framerateFps),
        VIDEO_BITRATE: '6000',
        VIDEO_BITRATE_MAX: '6000',
      },
    }),
  )
  const browser = await openBrowser()
  stack.defer(async () => await browser.close())
  const page = await openPage(browser, await relay.link(ROOM, 'player'))
  await play(page)
  const tap = stack.use(await Tap.open(relay.mediaPort, WORKERS))
  const kept = stack.move()
  return { relay, runner, proxy, browser, page, tap, [Symbol.asyncDispose]: async () => await kept.disposeAsync() }
}

/** Waits for the picture and takes mouse and keyboard. */
async function play(page: Page): Promise<void> {
  await waitFor(
    async () =>
      await page.evaluate(
        () => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 30,
      ),
    { what: 'a playing video', deadlineMs: 30_000 },
  )
  await page.mouse.click(640, 400)
}

/** The runner's processes by what they are for. */
export interface RunnerParts {
  /** Supervisor, streamer, encoder process, sound server: what a room costs besides its desktop and game. */
  runner: ProcessFacts[]
  xServer: ProcessFacts[]
  game: ProcessFacts[]
}

/** Sorts the process tree of a runner. Pure. */
export function runnerParts(tree: readonly ProcessFacts[]): RunnerParts {
  // setpriv becomes the program that it starts: no process of it stays.
  const isXServer = ({ command }: ProcessFacts): boolean => /(^|\/)Xvfb\b/.test(command.split(' ')[0] ?? '')
  const isGame = ({ command }: ProcessFacts): boolean => command.startsWith(X11_CLOCK)
  return {
    runner: tree.filter((process) => !isXServer(process) && !isGame(process)),
    xServer: tree.filter(isXServer),
    game: tree.filter(isGame),
  }
}

/** Everything below a program. */
export function treeOf(program: Program): ProcessFacts[] {
  return processTree(listProcesses(), program.child.pid ?? 0)
}

/** Chromium's processes among our own children. */
export function browserProcesses(): ProcessFacts[] {
  return processTree(listProcesses(), process.pid).filter(({ command }) => /chrom/.test(command.split(' ')[0] ?? ''))
}
