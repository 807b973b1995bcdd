// SPDX-License-Identifier: Apache-2.0
/// <reference lib="dom" />
// The smallest page that joins a room in a real browser: for what only a browser does, such as reporting every packet's
// arrival. The product's own page has its tests elsewhere.

import { SIGNALING_VERSION } from '@nestri/protocol'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

export interface ChromiumViewerOptions {
  url: string
  room: string
  token: string
  /** Media port of the relay and the port of the proxy in front of it. */
  proxy?: { mediaPort: number; proxyPort: number }
}

export interface ChromiumViewer extends AsyncDisposable {
  /** RTP packets received so far. */
  packets: () => Promise<number>
}

/** Opens Chromium and joins. */
export async function openChromiumViewer(options: ChromiumViewerOptions): Promise<ChromiumViewer> {
  const browser: Browser = await chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: ['--no-sandbox', '--disable-background-networking', '--autoplay-policy=no-user-gesture-required'],
  })
  const page = await browser.newPage()
  await page.goto(`${options.url}/health`)
  await page.evaluate(joinInPage, { ...options, version: SIGNALING_VERSION })
  return {
    packets: async () => await page.evaluate(packetsInPage),
    [Symbol.asyncDispose]: async () => await browser.close(),
  }
}

interface InPage {
  url: string
  room: string
  token: string
  version: number
  proxy?: { mediaPort: number; proxyPort: number }
}

interface PageState {
  peer?: RTCPeerConnection
  socket?: WebSocket
}

/** Runs in the page. */
async function joinInPage({ url, room, token, version, proxy }: InPage): Promise<void> {
  const state = globalThis as unknown as PageState
  const socket = new WebSocket(`${url.replace('http', 'ws')}/signal`)
  state.socket = socket
  const answer = async ({
    sdp,
    fresh,
    negotiation,
  }: {
    sdp: string
    fresh: boolean
    negotiation: number
  }): Promise<void> => {
    if (fresh || state.peer === undefined) {
      state.peer?.close()
      state.peer = new RTCPeerConnection()
    }
    const lines = sdp.split('\r\n').filter((line) => proxy === undefined || !/^a=candidate.* tcp /.test(line))
    const led = lines.map((line) =>
      proxy === undefined ? line : line.replace(` ${proxy.mediaPort} typ`, ` ${proxy.proxyPort} typ`),
    )
    await state.peer.setRemoteDescription({ type: 'offer', sdp: led.join('\r\n') })
    await state.peer.setLocalDescription()
    socket.send(JSON.stringify({ type: 'answer', negotiation, sdp: state.peer.localDescription?.sdp }))
  }
  socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', version, room, token }))
  socket.onmessage = ({ data }: { data: string }) => {
    const message = JSON.parse(data) as { type: string; sdp: string; fresh: boolean; negotiation: number }
    if (message.type === 'offer') void answer(message)
  }
}

/** Runs in the page. */
async function packetsInPage(): Promise<number> {
  const { peer } = globalThis as unknown as PageState
  let packets = 0
  const report = await peer?.getStats()
  report?.forEach((entry: { type: string; kind?: string; packetsReceived?: number }) => {
    if (entry.type === 'inbound-rtp' && entry.kind === 'video') packets += entry.packetsReceived ?? 0
  })
  return packets
}
