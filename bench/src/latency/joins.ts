// SPDX-License-Identifier: Apache-2.0
// Joins of fresh pages to a running room: from the page opening its socket to its first presented frame.

import type { Browser } from 'playwright-core'
import { waitFor } from '@nestri/runtime'

/** Time to spare between two joins: the origin makes at most two key frames a second. */
const BETWEEN_MS = 700

interface JoinTimes {
  socketMs?: number
  frameMs?: number
}

/** Joins `count` times, one after the other, each in a browser session of its own; milliseconds of each. */
export async function measureJoins(browser: Browser, link: string, count: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) times.push(await joinOnce(browser, link))
  return times
}

async function joinOnce(browser: Browser, link: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  try {
    const page = await context.newPage()
    await page.addInitScript(watchJoin)
    await page.goto(link)
    const took = await waitFor(
      async () =>
        await page.evaluate(() => {
          const { socketMs, frameMs } = (window as unknown as { join: JoinTimes }).join
          return socketMs === undefined || frameMs === undefined ? undefined : frameMs - socketMs
        }),
      { what: 'the first frame of a join', deadlineMs: 20_000 },
    )
    await page.waitForTimeout(BETWEEN_MS)
    return took
  } finally {
    await context.close()
  }
}

/** Runs in the page before its own script: notes when the socket is made and when a video presents its first frame. */
function watchJoin(): void {
  const join: JoinTimes = {}
  Object.assign(window, { join })
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      join.socketMs ??= performance.now()
    }
  }
  const observer = new MutationObserver(() => {
    const video = document.querySelector('video')
    if (video === null) return
    observer.disconnect()
    video.requestVideoFrameCallback(() => {
      join.frameMs ??= performance.now()
    })
  })
  observer.observe(document, { childList: true, subtree: true })
}
