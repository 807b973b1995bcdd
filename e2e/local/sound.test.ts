// SPDX-License-Identifier: Apache-2.0
// A tone that an ordinary audio client plays into the room's sink is heard in the page together with its flash.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pause, waitFor } from '@nestri/runtime'
import type { Page } from 'playwright-core'
import { inboundStats, NODE, openBrowser, openPage, openRelay, openRunner, ROOT, X11_CLOCK } from '../support/index.ts'

const ROOM = 'sound'
/** A white flash covers the middle of the picture; the scene is dark. */
const WHITE = 200
/** RTCRtpContributingSource.audioLevel, 0..1 linear. */
const LOUD = 0.1

interface Onsets {
  flashes: number[]
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
  const page = await openPage(browser, await relay.link(ROOM, 'player'))
  await waitFor(async () => ((await inboundStats(page))?.framesDecoded ?? 0) > 30, {
    what: 'a picture',
    deadlineMs: 20_000,
  })
  await waitFor(async () => ((await inboundStats(page, 'audio'))?.packetsReceived ?? 0) > 50, {
    what: 'sound',
    deadlineMs: 10_000,
  })
  await watchAndListen(page)
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

/** Notes when the picture turns white and when sound begins, as RTP delivers both to the page. */
async function watchAndListen(page: Page): Promise<void> {
  await page.evaluate(
    ({ white, loud }) => {
      const holder = window as unknown as {
        onsets: Onsets
        nestri: { peerConnection: () => RTCPeerConnection | undefined }
      }
      interface Onsets {
        flashes: number[]
        tones: number[]
      }
      holder.onsets = { flashes: [], tones: [] }
      const video = document.querySelector('video')
      const canvas = new OffscreenCanvas(1, 1)
      const context = canvas.getContext('2d', { willReadFrequently: true })
      if (video === null || context === null) throw new Error('no video')
      let wasWhite = true
      const onFrame = (): void => {
        const at = performance.now()
        context.drawImage(video, 600, 400, 8, 8, 0, 0, 1, 1)
        const isWhite = (context.getImageData(0, 0, 1, 1).data[1] ?? 0) > white
        if (isWhite && !wasWhite) holder.onsets.flashes.push(at)
        wasWhite = isWhite
        video.requestVideoFrameCallback(onFrame)
      }
      video.requestVideoFrameCallback(onFrame)
      let wasLoud = true
      setInterval(() => {
        const receiver = holder.nestri
          .peerConnection()
          ?.getReceivers()
          .find(({ track }) => track.kind === 'audio')
        const source = receiver?.getSynchronizationSources()[0]
        if (source?.audioLevel === undefined) return
        const isLoud = source.audioLevel > loud
        if (isLoud && !wasLoud) holder.onsets.tones.push(performance.now())
        wasLoud = isLoud
      }, 4)
    },
    { white: WHITE, loud: LOUD },
  )
}

async function readOnsets(page: Page): Promise<Onsets> {
  return await page.evaluate(() => {
    const holder = window as unknown as { onsets: { flashes: number[]; tones: number[] } }
    const seen = holder.onsets
    holder.onsets = { flashes: [], tones: [] }
    return seen
  })
}
