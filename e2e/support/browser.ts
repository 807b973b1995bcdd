// SPDX-License-Identifier: Apache-2.0
// A real Chromium. Decodes in software, plays sound into nowhere, talks to nobody but the addresses that it is given.

import { waitFor } from '@nestri/runtime'
import { type Browser, chromium, type Page } from 'playwright-core'
import { CHROMIUM, VERBOSE } from './config.ts'

const ARGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]

/** Starts a headless Chromium. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGS })
}

/** Opens a viewer's link in a page of its own session. */
export async function openPage(browser: Browser, link: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  const page = await context.newPage()
  if (VERBOSE) page.on('console', (message) => process.stderr.write(`[page] ${message.text()}\n`))
  await page.goto(link)
  return page
}

/** Inbound video figures of the page's newest peer connection (W3C webrtc-stats, RTCInboundRtpStreamStats). */
export interface VideoStats {
  framesDecoded: number
  keyFramesDecoded: number
  framesDropped: number
  freezeCount: number
  packetsLost: number
  packetsReceived: number
  bytesReceived: number
  pliCount: number
  jitterBufferDelay: number
  jitterBufferEmittedCount: number
  frameWidth: number
  frameHeight: number
}

/** Reads `kind` figures through the page's diagnostics; undefined while nothing arrives. */
export async function inboundStats(page: Page, kind: 'video' | 'audio' = 'video'): Promise<VideoStats | undefined> {
  return await page.evaluate(async (wanted) => {
    const nestri = (window as unknown as { nestri?: { peerConnection: () => RTCPeerConnection | undefined } }).nestri
    const report = await nestri?.peerConnection()?.getStats()
    if (report === undefined) return undefined
    for (const entry of report.values()) {
      const stats = entry as { type: string; kind?: string }
      if (stats.type === 'inbound-rtp' && stats.kind === wanted) return entry as VideoStats
    }
    return undefined
  }, kind)
}

/** Opens a page whose media goes through proxies: the ports of the offer's candidates are replaced as `ports` says. */
export async function openProxiedPage(
  browser: Browser,
  link: string,
  ports: readonly (readonly [number, number])[],
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  await context.addInitScript((replacements) => {
    const Original = RTCPeerConnection
    window.RTCPeerConnection = class extends Original {
      override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
        let sdp = (description.sdp ?? '')
          .split('\r\n')
          .filter((line) => !(line.startsWith('a=candidate') && / tcp /i.test(line)))
          .join('\r\n')
        for (const [from, to] of replacements) sdp = sdp.replaceAll(` ${from} typ`, ` ${to} typ`)
        await super.setRemoteDescription({ type: description.type, sdp })
      }
    }
  }, ports)
  const page = await context.newPage()
  await page.goto(link)
  await waitFor(async () => ((await inboundStats(page))?.framesDecoded ?? 0) > 30, {
    what: 'a picture',
    deadlineMs: 30_000,
  })
  return page
}
