// SPDX-License-Identifier: Apache-2.0
// A tone that an ordinary audio client plays into the room's sink is heard in the page together with its flash.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pause, waitFor } from '@nestri/runtime'
import type { Page } from 'playwright-core'
import { inboundStats, NODE, openBrowser, openRelay, openRunner, ROOT, X11_CLOCK } from '../support/index.ts'

const ROOM = 'sound'
/** A white flash covers the middle of the picture; the scene is dark. */
const WHITE = 200

interface Onsets {
  /** When a white picture was presented, ms. */
  flashes: number[]
  /** When the first packet of a tone had arrived, ms. */
  tones: number[]
}

test('a tone is heard within 80 ms of its flash', async (t) => {
  await using relay = await openRelay()
  const tone = `${NODE} --conditions=source ${ROOT}e2e/support/tone-client.ts`
  await using _runner = await openRunner(relay, {
    room: ROOM,
    env: { AUDIO_CAPTURE_METHOD: 'pulseaudio' },
    game: `sh -c '${X11_CLOCK} --static --flash | ${tone}'`,
  })
  const browser = await openBrowser()
  t.after(async () => await browser.close())
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, bypassCSP: true })
  await context.addInitScript(listenToPackets)
  const page = await context.newPage()
  await page.goto(await relay.link(ROOM, 'player'))
  await waitFor(async () => ((await inboundStats(page))?.framesDecoded ?? 0) > 30, {
    what: 'a picture',
    deadlineMs: 20_000,
  })
  await waitFor(async () => ((await inboundStats(page, 'audio'))?.packetsReceived ?? 0) > 50, {
    what: 'sound',
    deadlineMs: 10_000,
  })
  await watch(page)
  await pause(5_000)
  await readOnsets(page)
  await pause(12_000)
  const { flashes, tones } = await readOnsets(page)
  const skews = flashes.flatMap((flash) => {
    const nearest = tones.map((at) => at - flash).sort((a, b) => Math.abs(a) - Math.abs(b))[0]
    return nearest === undefined ? [] : [nearest]
  })
  skews.sort((a, b) => a - b)
  t.diagnostic(
    `${flashes.length} flashes, ${tones.length} tones; tone after flash: ${skews.map((ms) => Math.round(ms)).join(', ')} ms`,
  )
  assert.ok(flashes.length >= 9, `${flashes.length} flashes were seen in 12 s`)
  assert.ok(tones.length >= 9, `${tones.length} tones were heard in 12 s`)
  const median = skews[skews.length >> 1] ?? Number.NaN
  assert.ok(Math.abs(median) <= 80, `the tone comes ${median} ms after the flash`)
  assert.ok(skews.filter((ms) => Math.abs(ms) <= 80).length >= skews.length * 0.9, 'nine of ten are within 80 ms')
})

/**
 * Runs in the page before its scripts: looks at every encoded audio frame on its way to the decoder (W3C
 * webrtc-encoded-transform). Digital silence always encodes to the same bytes; a tone does not.
 */
function listenToPackets(): void {
  const worker = new Worker(
    URL.createObjectURL(
      new Blob([
        `onrtctransform = ({ transformer }) => {
          const counts = new Map()
          let silence = ''
          let loud = 99
          const pass = new TransformStream({ transform(frame, out) {
            const at = performance.timeOrigin + performance.now()
            const key = new Uint8Array(frame.data).join()
            counts.set(key, (counts.get(key) ?? 0) + 1)
            if (counts.get(key) > (counts.get(silence) ?? 0)) silence = key
            if (counts.size > 2000) counts.clear()
            if (key === silence) loud = 0
            else if (++loud === 3) postMessage(at - 20)
            out.enqueue(frame)
          } })
          transformer.readable.pipeThrough(pass).pipeTo(transformer.writable)
        }`,
      ]),
    ),
  )
  const holder = window as unknown as { onsets: { flashes: number[]; tones: number[] } }
  holder.onsets = { flashes: [], tones: [] }
  worker.onmessage = ({ data }: MessageEvent<number>) => holder.onsets.tones.push(data)
  const Original = RTCPeerConnection
  window.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      this.addEventListener('track', ({ receiver }) => {
        if (receiver.track.kind === 'audio') receiver.transform = new RTCRtpScriptTransform(worker)
      })
    }
  }
}

/** Notes when the page presents a white picture after a dark one. */
async function watch(page: Page): Promise<void> {
  await page.evaluate((white) => {
    const holder = window as unknown as { onsets: { flashes: number[]; tones: number[] } }
    const video = document.querySelector('video')
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
    if (video === null || context === null) throw new Error('no video')
    let wasWhite = true
    const onFrame = (): void => {
      const at = performance.timeOrigin + performance.now()
      context.drawImage(video, 600, 400, 8, 8, 0, 0, 1, 1)
      const isWhite = (context.getImageData(0, 0, 1, 1).data[1] ?? 0) > white
      if (isWhite && !wasWhite) holder.onsets.flashes.push(at)
      wasWhite = isWhite
      video.requestVideoFrameCallback(onFrame)
    }
    video.requestVideoFrameCallback(onFrame)
  }, WHITE)
}

async function readOnsets(page: Page): Promise<Onsets> {
  return await page.evaluate(() => {
    const holder = window as unknown as { onsets: { flashes: number[]; tones: number[] } }
    const seen = holder.onsets
    holder.onsets = { flashes: [], tones: [] }
    return seen
  })
}
