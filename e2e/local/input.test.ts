// SPDX-License-Identifier: Apache-2.0
// A key pressed in a real browser reaches a separate X program, which shows its code in the picture.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { INPUT_ROW } from '@nestri/protocol'
import { pause, waitFor } from '@nestri/runtime'
import type { Browser, Page } from 'playwright-core'
import {
  inboundStats,
  openBrowser,
  openPage,
  openRelay,
  openRunner,
  type Program,
  readFrames,
  recordFrames,
  type Relay,
} from '../support/index.ts'

const ROOM = 'input'
/** KEY_W and BTN_LEFT of linux/input-event-codes.h. */
const KEY_W = 17
const BTN_LEFT = 272

describe('a room with an X11 program', () => {
  let relay: Relay
  let runner: Program
  let browser: Browser
  let page: Page

  before(async () => {
    relay = await openRelay()
    runner = await openRunner(relay, { room: ROOM })
    browser = await openBrowser()
    page = await openPage(browser, await relay.link(ROOM, 'player'))
    await waitFor(async () => ((await inboundStats(page))?.framesDecoded ?? 0) > 30, {
      what: 'a picture',
      deadlineMs: 20_000,
    })
    await recordFrames(page)
  })
  after(async () => {
    await browser?.close()
    await runner?.[Symbol.asyncDispose]()
    await relay?.[Symbol.asyncDispose]()
  })

  /** Codes that the input row of the picture showed since the last call, without repetition. */
  const shownCodes = async (): Promise<number[]> => {
    const values = (await readFrames(page)).flatMap(({ rows }) => rows[INPUT_ROW] ?? [])
    assert.ok(values.length > 0, 'the input row is readable')
    return [...new Set(values.map((value) => Math.floor(value / 2 ** 24)))]
  }

  test('without a key the picture shows none', async () => {
    await pause(2_000)
    assert.deepEqual(await shownCodes(), [0])
  })

  test('a click starts playing and reaches the program as a button', async () => {
    await page.mouse.click(640, 400)
    await pause(1_000)
    await page.mouse.click(640, 400)
    await pause(1_000)
    assert.ok((await shownCodes()).includes(BTN_LEFT))
  })

  test('a key pressed in the page shows its code in the picture', async () => {
    await page.keyboard.press('KeyW', { delay: 50 })
    await waitFor(async () => (await shownCodes()).includes(KEY_W), {
      what: 'KEY_W in the picture',
      deadlineMs: 3_000,
      everyMs: 200,
    })
  })

  test("a spectator's key does not reach the program", async () => {
    const spectator = await openPage(browser, await relay.link(ROOM, 'spectator'))
    await waitFor(async () => ((await inboundStats(spectator))?.framesDecoded ?? 0) > 30, {
      what: 'a picture',
      deadlineMs: 20_000,
    })
    await readFrames(page)
    await spectator.mouse.click(640, 400)
    await spectator.keyboard.press('KeyQ', { delay: 50 })
    await pause(1_000)
    assert.deepEqual(await shownCodes(), [KEY_W])
    await spectator.context().close()
  })
})
