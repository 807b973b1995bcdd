// SPDX-License-Identifier: Apache-2.0
// Reads the frame clock out of the page's video, frame by frame, as the browser presents it.

import { CELLS, CELL_PX, clockAgeMs, decodeRow } from '@nestri/protocol'
import type { Page } from 'playwright-core'

/** One presented frame: when the page got it, and the brightness of the cells of its first rows. */
export interface Frame {
  /** Unix ms at the requestVideoFrameCallback call. */
  atUnixMs: number
  rtpTimestamp: number | undefined
  rows: (number | undefined)[]
}

const ROWS = 4

/** Starts recording in the page; `readFrames` fetches what has been seen since. */
export async function recordFrames(page: Page): Promise<void> {
  await page.evaluate(
    ({ cells, cellPx, rows }) => {
      const video = document.querySelector('video')
      if (video === null) throw new Error('the page has no video element')
      const canvas = new OffscreenCanvas(cells, rows)
      const context = canvas.getContext('2d', { willReadFrequently: true })
      if (context === null) throw new Error('no 2d context')
      const seen: { at: number; rtp: number | undefined; levels: number[] }[] = []
      ;(window as unknown as { seenFrames: typeof seen }).seenFrames = seen
      const onFrame = (_: number, metadata: VideoFrameCallbackMetadata): void => {
        const at = performance.timeOrigin + performance.now()
        // The inner half of each cell only: the codec smears edges.
        for (let row = 0; row < rows; row++) {
          context.drawImage(video, 0, row * cellPx + cellPx / 4, cells * cellPx, cellPx / 2, 0, row, cells, 1)
        }
        const pixels = context.getImageData(0, 0, cells, rows).data
        const levels: number[] = []
        for (let i = 0; i < pixels.length; i += 4) levels.push(pixels[i + 1] ?? 0)
        seen.push({ at, rtp: metadata.rtpTimestamp, levels })
        if (seen.length > 20_000) seen.shift()
        video.requestVideoFrameCallback(onFrame)
      }
      video.requestVideoFrameCallback(onFrame)
    },
    { cells: CELLS, cellPx: CELL_PX, rows: ROWS },
  )
}

/** Frames that were presented since the last call. */
export async function readFrames(page: Page): Promise<Frame[]> {
  const seen = await page.evaluate(() => {
    const holder = window as unknown as { seenFrames: { at: number; rtp: number | undefined; levels: number[] }[] }
    return holder.seenFrames.splice(0)
  })
  return seen.map(({ at, rtp, levels }) => ({
    atUnixMs: at,
    rtpTimestamp: rtp,
    rows: Array.from({ length: ROWS }, (_, row) => decodeRow(levels.slice(row * CELLS, (row + 1) * CELLS))),
  }))
}

/** Drawn-to-presented times in ms of the frames whose clock could be read. */
export function glassToGlassMs(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ rows: [clock], atUnixMs }) => (clock === undefined ? [] : [clockAgeMs(clock, atUnixMs)]))
}

/** Age in ms of the picture that the page shows right now, by the clock drawn in it; undefined while it shows none. */
export async function pictureAgeMs(page: Page): Promise<number | undefined> {
  const seen = await page.evaluate(
    ({ cells, cellPx }) => {
      const video = document.querySelector('video')
      const context = new OffscreenCanvas(cells, 1).getContext('2d')
      if (video === null || video.readyState < 2 || context === null) return undefined
      context.drawImage(video, 0, cellPx / 4, cells * cellPx, cellPx / 2, 0, 0, cells, 1)
      const pixels = context.getImageData(0, 0, cells, 1).data
      const levels = Array.from({ length: cells }, (_, i) => pixels[4 * i + 1] ?? 0)
      return { levels, at: performance.timeOrigin + performance.now() }
    },
    { cells: CELLS, cellPx: CELL_PX },
  )
  const clock = seen === undefined ? undefined : decodeRow(seen.levels)
  return seen === undefined || clock === undefined ? undefined : clockAgeMs(clock, seen.at)
}
