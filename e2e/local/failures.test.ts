// SPDX-License-Identifier: Apache-2.0
// kill -9 of everything, one after the other, under a viewer that plays: each heals or ends as docs/lifecycles.md says.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { waitFor } from '@nestri/runtime'
import type { Browser, Page } from 'playwright-core'
import {
  clockRoom,
  isClean,
  type Launcher,
  leftOver,
  openBrowser,
  openLauncher,
  openPage,
  PROCESS,
  pictureAgeMs,
  type Snapshot,
  takeSnapshot,
} from '../support/index.ts'

interface Diagnostics {
  state: string
  viewer: string | undefined
  seat: number | undefined
}

describe('npm start with a viewer that plays', () => {
  let atRest: Snapshot
  let browser: Browser
  let room: Launcher
  let page: Page
  let viewer: string | undefined

  before(async () => {
    browser = await openBrowser()
    atRest = takeSnapshot()
    room = await openLauncher(clockRoom('failures'))
    page = await openPage(browser, room.player)
    await picture('a picture', 30_000)
    viewer = (await diagnostics()).viewer
    assert.equal((await diagnostics()).seat, 0, 'the first player sits in seat 0')
  })
  after(async () => {
    await browser?.close()
    await room?.[Symbol.asyncDispose]()
  })

  const diagnostics = async (): Promise<Diagnostics> =>
    await page.evaluate(() => {
      const { state, viewer, seat } = (window as unknown as { nestri: Diagnostics }).nestri
      return { state, viewer, seat }
    })

  /** Waits until the page shows pictures that were drawn a moment ago, five times in a row; returns the time that it took in ms. */
  const picture = async (what: string, deadlineMs = 15_000): Promise<number> => {
    const startedAt = performance.now()
    let fresh = 0
    await waitFor(
      async () => {
        const ageMs = (await pictureAgeMs(page)) ?? Number.POSITIVE_INFINITY
        fresh = ageMs < 300 ? fresh + 1 : 0
        return fresh >= 5
      },
      { what, deadlineMs, everyMs: 60 },
    ).catch(async (error: unknown) => {
      throw new Error(
        `${String(error)}\n${JSON.stringify(await diagnostics())}\n${room.program.lines.slice(-20).join('\n')}`,
      )
    })
    return performance.now() - startedAt
  }

  const replaced = async (pattern: RegExp, old: number): Promise<number> =>
    await waitFor(
      () => {
        const pid = room.pid(pattern)
        return pid !== undefined && pid !== old ? pid : undefined
      },
      { what: `a new process ${pattern}`, deadlineMs: 15_000 },
    )

  const seatIsKept = async (): Promise<void> => {
    await waitFor(async () => (await diagnostics()).seat === 0, { what: 'seat 0', deadlineMs: 5_000 })
    assert.equal((await diagnostics()).viewer, viewer, 'the viewer keeps its id')
  }

  test('kill -9 of the encoder process: the game keeps its pid, the picture and the seat come back', async (t) => {
    const game = room.pid(PROCESS.game)
    await replaced(PROCESS.encoder, room.kill(PROCESS.encoder))
    t.diagnostic(`picture back after ${Math.round(await picture('the picture after the encoder was killed'))} ms`)
    assert.equal(room.pid(PROCESS.game), game)
    await seatIsKept()
  })

  test('kill -9 of the relay: runner and viewer come back by themselves, with the seat', async (t) => {
    const [game, encoder] = [room.pid(PROCESS.game), room.pid(PROCESS.encoder)]
    const startedAt = performance.now()
    await replaced(PROCESS.relay, room.kill(PROCESS.relay))
    await picture('the picture after the relay was killed')
    t.diagnostic(`picture back ${Math.round(performance.now() - startedAt)} ms after the kill`)
    assert.equal(room.pid(PROCESS.game), game)
    assert.equal(room.pid(PROCESS.encoder), encoder)
    await seatIsKept()
  })

  test('kill -9 of the game: it is started again on the same desktop', async () => {
    const [desktop, encoder] = [room.pid(PROCESS.desktop), room.pid(PROCESS.encoder)]
    await replaced(PROCESS.game, room.kill(PROCESS.game))
    await picture('the picture after the game was killed')
    assert.equal(room.pid(PROCESS.desktop), desktop)
    assert.equal(room.pid(PROCESS.encoder), encoder)
    await seatIsKept()
  })

  test('kill -9 of the desktop: desktop, streamer and game come back', async (t) => {
    const game = room.pid(PROCESS.game) ?? 0
    await replaced(PROCESS.desktop, room.kill(PROCESS.desktop))
    await replaced(PROCESS.game, game)
    t.diagnostic(
      `picture back after ${Math.round(await picture('the picture after the desktop was killed', 25_000))} ms`,
    )
    await seatIsKept()
  })

  test('kill -9 of the runner: another one takes the room over, nothing of the old one is left', async () => {
    const old = [PROCESS.game, PROCESS.desktop, PROCESS.sound, PROCESS.encoder].map((pattern) => room.pid(pattern))
    await replaced(PROCESS.runner, room.kill(PROCESS.runner))
    await picture('the picture after the runner was killed', 30_000)
    const now = takeSnapshot().processes.map((line) => Number(line.split(' ')[0]))
    assert.deepEqual(
      old.filter((pid) => pid !== undefined && now.includes(pid)),
      [],
    )
    await seatIsKept()
  })

  test('kill -9 of npm start itself: everything ends and nothing is left', async () => {
    room.program.child.signal('SIGKILL')
    await nothingIsLeft(atRest)
  })
})

test('Ctrl-C ends a room within 5 s and leaves nothing behind', async (t) => {
  const atRest = takeSnapshot()
  await using room = await openLauncher(clockRoom('ctrl-c'))
  const startedAt = performance.now()
  process.kill(room.program.child.pid ?? 0, 'SIGINT')
  const status = await room.program.child.exited
  const tookMs = performance.now() - startedAt
  t.diagnostic(`ended after ${Math.round(tookMs)} ms`)
  assert.ok(tookMs < 5_000, `it took ${tookMs} ms`)
  assert.deepEqual(status, { code: 0, signal: null })
  await nothingIsLeft(atRest)
})

/** Waits until processes, sockets, shared memory and files are as they were. */
async function nothingIsLeft(atRest: Snapshot): Promise<void> {
  let left = leftOver(atRest, takeSnapshot())
  await waitFor(
    () => {
      left = leftOver(atRest, takeSnapshot())
      // The journey's own room file is removed by the journey.
      left.files = left.files.filter((name) => !name.startsWith('nestri-e2e-'))
      left.processes = left.processes.filter((line) => !/chrom|playwright/.test(line))
      left.sockets = left.sockets.filter((name) => !name.startsWith('udp'))
      return isClean(left)
    },
    { what: 'the end of everything', deadlineMs: 10_000, everyMs: 200 },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(left, null, 2)}`)
  })
}
