// SPDX-License-Identifier: Apache-2.0
// Runs in the viewer's page: records every presented frame with the brightness of its first clock rows, and every key.
// Only the rows are copied out of the frame (WebCodecs, no drawing), so that reading costs the page almost nothing.

import { CELL_PX, CELLS, decodeRow } from '@nestri/protocol'
import type { Page } from 'playwright-core'

/** One frame as the page presented it. Times in Unix ms. */
export interface PresentedFrame {
  /** When requestVideoFrameCallback ran. */
  presentedMs: number
  /** When the frame was handed to the compositor (VideoFrameCallbackMetadata.presentationTime). */
  composedMs: number
  /** When the browser got the frame's last packet; undefined where it does not say. */
  receivedMs: number | undefined
  /** Decoding and waiting before it, in ms; undefined where the browser does not say. */
  processingMs: number | undefined
  rtpTimestamp: number | undefined
  /** Value of row 0 (frame clock); undefined where it could not be read. */
  clock: number | undefined
  /** Value of row 1 (last key and number of presses). */
  input: number | undefined
}

interface RawFrame {
  at: number
  composed: number
  received: number | undefined
  processing: number | undefined
  rtp: number | undefined
  levels: number[]
}

interface Recorder {
  frames: RawFrame[]
  keys: number[]
}

const ROWS = 2

/** Starts recording. Call it once per page, when its video element exists. */
export async function startRecording(page: Page): Promise<void> {
  await page.evaluate(
    ({ cells, cellPx, rows }) => {
      const video = document.querySelector('video')
      if (video === null) throw new Error('the page has no video element')
      const recorder: Recorder = { frames: [], keys: [] }
      ;(window as unknown as { recorder: Recorder }).recorder = recorder
      const wall = (ms: number): number => performance.timeOrigin + ms
      const readCells = (luma: Uint8Array, stride: number): number[] =>
        Array.from({ length: rows * cells }, (_, i) => {
          const [row, cell] = [Math.floor(i / cells), i % cells]
          return luma[(row * cellPx + cellPx / 2) * stride + cell * cellPx + cellPx / 2] ?? 128
        })
      const read = async (entry: RawFrame): Promise<void> => {
        const frame = new VideoFrame(video)
        try {
          const rect = { x: 0, y: 0, width: cells * cellPx, height: rows * cellPx }
          const bytes = new Uint8Array(frame.allocationSize({ rect }))
          const [luma] = await frame.copyTo(bytes, { rect })
          entry.levels = readCells(bytes.subarray(luma?.offset ?? 0), luma?.stride ?? rect.width)
        } finally {
          frame.close()
        }
      }
      const onFrame = (_: number, metadata: VideoFrameCallbackMetadata): void => {
        const at = wall(performance.now())
        const { presentationTime, receiveTime, processingDuration, rtpTimestamp } = metadata
        const entry: RawFrame = {
          at,
          composed: wall(presentationTime),
          received: receiveTime === undefined ? undefined : wall(receiveTime),
          processing: processingDuration === undefined ? undefined : processingDuration * 1000,
          rtp: rtpTimestamp,
          levels: [],
        }
        recorder.frames.push(entry)
        read(entry).catch(() => undefined)
        video.requestVideoFrameCallback(onFrame)
      }
      video.requestVideoFrameCallback(onFrame)
      window.addEventListener('keydown', (event) => recorder.keys.push(wall(event.timeStamp)), true)
    },
    { cells: CELLS, cellPx: CELL_PX, rows: ROWS },
  )
}

/** What was recorded since the last call. */
export async function takeRecording(page: Page): Promise<{ frames: PresentedFrame[]; keysMs: number[] }> {
  const { frames, keys } = await page.evaluate(() => {
    const { recorder } = window as unknown as { recorder: Recorder }
    return { frames: recorder.frames.splice(0), keys: recorder.keys.splice(0) }
  })
  return { frames: frames.map(decodeFrame), keysMs: keys }
}

function decodeFrame({ at, composed, received, processing, rtp, levels }: RawFrame): PresentedFrame {
  return {
    presentedMs: at,
    composedMs: composed,
    receivedMs: received,
    processingMs: processing,
    rtpTimestamp: rtp,
    clock: decodeRow(levels.slice(0, CELLS)),
    input: decodeRow(levels.slice(CELLS, 2 * CELLS)),
  }
}
