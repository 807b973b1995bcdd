// SPDX-License-Identifier: Apache-2.0
// The viewer's page as people meet it: what it says in each state, what it sends, and how a seat changes hands.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeInput, type InputMessage } from '@nestri/protocol'
import { waitFor } from '@nestri/runtime'
import type { Browser, Page } from 'playwright-core'
import { openBrowser, openPage } from '../support/browser.ts'
import { openRelay, openStreamer, type Relay } from '../support/programs.ts'

const ROOM = 'page'
const KEY_W = 17

interface Seen {
  state: string
  code: string
  viewer: string | undefined
  seat: number | undefined
  engaged: boolean
}

async function seen(page: Page): Promise<Seen> {
  return await page.evaluate(() => {
    const { state, code, viewer, seat, engaged } = (window as unknown as { nestri: Seen }).nestri
    return { state, code, viewer, seat, engaged }
  })
}

async function shows(page: Page, state: string, deadlineMs = 20_000): Promise<void> {
  await waitFor(async () => (await seen(page)).state === state, { what: `the state ${state}`, deadlineMs, everyMs: 50 })
}

describe('the page of a room', () => {
  let relay: Relay
  let browser: Browser

  before(async () => {
    relay = await openRelay()
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    await relay?.[Symbol.asyncDispose]()
  })

  test('without a room it lists rooms, with a link to paste, and breaks no content policy', async () => {
    const page = await browser.newPage()
    const violations: string[] = []
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) violations.push(message.text())
    })
    await page.goto(relay.url)
    await shows(page, 'rooms')
    await page.getByRole('textbox').fill(await relay.link('elsewhere', 'spectator'))
    await page.getByRole('button', { name: 'Join' }).click()
    await shows(page, 'waiting')
    assert.match(new URL(page.url()).search, /room=elsewhere/)
    assert.deepEqual(violations, [])
    await page.close()
  })

  test('a link that cannot work says why, with its code', async () => {
    const cases: [address: string, code: string][] = [
      [`${relay.url}/?room=${ROOM}`, 'ERR_TOKEN_MISSING'],
      [`${relay.url}/?room=${ROOM}#token=cut`, 'ERR_TOKEN_MALFORMED'],
      [(await relay.link('other', 'player')).replace('room=other', `room=${ROOM}`), 'ERR_TOKEN_ROOM'],
    ]
    for (const [address, code] of cases) {
      const page = await openPage(browser, address)
      await shows(page, 'refused')
      assert.equal((await seen(page)).code, code)
      assert.ok(((await page.locator('.screen-hint').textContent()) ?? '').length > 0, `${code} has a hint`)
      await page.context().close()
    }
  })

  test('a player presses keys and moves the mouse; what is held is repeated and let go on a lost focus', async () => {
    await using streamer = await openStreamer(relay, { room: ROOM })
    const page = await watchedPage(browser, await relay.link(ROOM, 'player'))
    await shows(page, 'preview')
    assert.equal((await seen(page)).seat, 0, 'the first player has the seat')
    await page.keyboard.press('KeyW')
    assert.deepEqual(await sent(page), [], 'nothing leaves the page before the click')
    await page.mouse.click(640, 360)
    await waitFor(async () => (await seen(page)).engaged, { what: 'captured input', deadlineMs: 5_000 })
    assert.ok(await page.evaluate(() => document.pointerLockElement !== null), 'the pointer is locked')

    await page.mouse.move(650, 365)
    await page.mouse.move(670, 355)
    await page.keyboard.down('KeyW')
    await waitFor(async () => (await sent(page)).some((message) => message.type === 'held'), {
      what: 'a snapshot of what is held',
      deadlineMs: 2_000,
    })
    await page.evaluate(() => window.dispatchEvent(new Event('blur')))
    const messages = await sent(page)
    const motion = messages.filter((message) => message.type === 'relative')
    assert.equal(
      motion.reduce((sum, { dx }) => sum + dx, 0),
      30,
    )
    assert.deepEqual(
      messages.filter((message) => message.type === 'key').map(({ code, pressed }) => [code, pressed]),
      [[KEY_W, true]],
    )
    assert.equal(messages.at(-1)?.type, 'release')
    assert.equal((await seen(page)).engaged, false)
    await page.keyboard.press('KeyQ')
    assert.equal((await sent(page)).at(-1)?.type, 'release', 'nothing follows the release')
    assert.equal(streamer.child.status, undefined)
    await page.context().close()
  })

  test('a second player asks for the seat, the holder hands it over, a reload keeps it', async () => {
    await using streamer = await openStreamer(relay, { room: 'seats' })
    const first = await openPage(browser, await relay.link('seats', 'player'))
    await shows(first, 'preview')
    await first.mouse.click(640, 360)
    const second = await openPage(browser, await relay.link('seats', 'player'))
    await shows(second, 'preview')
    await second.mouse.click(640, 360)
    await shows(second, 'playing')
    assert.equal((await seen(second)).seat, undefined)

    await second.mouse.move(300, 300)
    await second.getByRole('button', { name: 'Ask to play' }).click()
    await first.evaluate(() => document.exitPointerLock())
    await first.getByRole('button', { name: 'Hand over' }).click()
    await waitFor(async () => (await seen(second)).seat === 0, { what: 'the seat', deadlineMs: 5_000 })
    assert.equal((await seen(first)).seat, undefined)
    assert.equal((await seen(first)).engaged, false)

    const { viewer } = await seen(second)
    await second.reload()
    await shows(second, 'preview')
    const back = await seen(second)
    assert.deepEqual([back.viewer, back.seat], [viewer, 0])
    assert.equal(streamer.child.status, undefined)
    await first.context().close()
    await second.context().close()
  })

  test('a phone watches: no seat is asked for and nothing is sent', async () => {
    await using streamer = await openStreamer(relay, { room: 'phone' })
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    const page = await context.newPage()
    await recordInput(page)
    await page.goto(await relay.link('phone', 'player'))
    await shows(page, 'preview')
    await page.locator('.play').tap()
    await shows(page, 'playing')
    await page.locator('.stage').tap()
    assert.deepEqual(await sent(page), [])
    assert.equal(await page.evaluate(() => document.querySelector('video')?.muted), false)
    assert.ok(
      await page.evaluate(() => document.body.scrollWidth <= window.innerWidth),
      'nothing is wider than the phone',
    )
    assert.equal(streamer.child.status, undefined)
    await context.close()
  })
})

async function watchedPage(browser: Browser, link: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  const page = await context.newPage()
  await recordInput(page)
  await page.goto(link)
  return page
}

/** Records what the page sends on data channels. */
async function recordInput(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const holder = window as unknown as { sentInput: number[][] }
    holder.sentInput = []
    // oxlint-disable-next-line typescript/unbound-method -- called with its channel below
    const original = RTCDataChannel.prototype.send
    RTCDataChannel.prototype.send = function (this: RTCDataChannel, data: unknown) {
      if (data instanceof Uint8Array) holder.sentInput.push([...data])
      Reflect.apply(original, this, [data])
    }
  })
}

async function sent(page: Page): Promise<InputMessage[]> {
  const all = await page.evaluate(() => (window as unknown as { sentInput: number[][] }).sentInput)
  return all.flatMap((bytes) => decodeInput(Uint8Array.from(bytes)) ?? [])
}
