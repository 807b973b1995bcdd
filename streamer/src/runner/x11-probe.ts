// SPDX-License-Identifier: Apache-2.0
// As much of an X11 client as a supervisor needs: does the display answer, and does it show a window? Speaks the core
// protocol (X11R7 protocol, chapter 8 and appendix B), little-endian, over a socket of its own.

import { createConnection } from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'
import { NestriError } from '@nestri/protocol'
import { messageOf } from '@nestri/runtime'

/** A display that does not answer within this time counts as absent. */
const ANSWER_MS = 3_000
const VIEWABLE = 2
const OPCODE = { getWindowAttributes: 3, queryTree: 15 } as const

export interface X11Probe extends Disposable {
  /** Whether any top-level window is on the screen. */
  hasWindow: () => Promise<boolean>
}

/**
 * Connects to `display`, e.g. `:1` or `host:0`.
 * @param authority content of the Xauthority file, where there is one
 * @throws {NestriError} ERR_CAPTURE with the server's own words
 */
export async function probeDisplay(display: string, authority?: Uint8Array): Promise<X11Probe> {
  const refuse = (detail: string): NestriError =>
    new NestriError('ERR_CAPTURE', { source: `X display ${display}`, detail })
  const address = addressOf(display)
  if (address === undefined) throw refuse('that is not a display name')
  const socket = createConnection(address)
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('no answer')))
  const input = new Input(socket)
  try {
    const root = await setUp(socket, input, cookieOf(authority, address.number))
    socket.setTimeout(0)
    return {
      hasWindow: async () => await hasWindow(socket, input, root),
      [Symbol.dispose]: () => socket.destroy(),
    }
  } catch (error) {
    socket.destroy()
    throw refuse(messageOf(error))
  }
}

/** Where a display listens. Pure. */
export function addressOf(display: string): (NetConnectOpts & { number: string }) | undefined {
  const [, host = '', number] = /^(?:unix)?(?:([\w.-]+|\[[\da-fA-F:]+\]))?:(\d{1,5})(?:\.\d+)?$/.exec(display) ?? []
  if (number === undefined) return undefined
  if (host === '') return { path: `/tmp/.X11-unix/X${number}`, number }
  return { host: host.replace(/^\[|\]$/g, ''), port: 6000 + Number(number), number }
}

/** The first cookie of an Xauthority file that fits the display's number (Xau: family, address, number, name, data). */
export function cookieOf(authority: Uint8Array | undefined, number: string): Uint8Array | undefined {
  if (authority === undefined) return undefined
  const file = Buffer.from(authority)
  for (let at = 2; at < file.length; at += 2) {
    const fields: Buffer[] = []
    for (let i = 0; i < 4; i++) {
      if (at + 2 > file.length) return undefined
      const end = at + 2 + file.readUInt16BE(at)
      fields.push(file.subarray(at + 2, end))
      at = end
    }
    const [, of, name, data] = fields
    const fits = of?.length === 0 || of?.toString() === number
    if (fits && name?.toString() === COOKIE && data !== undefined) return data
  }
  return undefined
}

/** An Xauthority file with one cookie that fits any display. */
export function authorityFile(cookie: Uint8Array): Uint8Array {
  const field = (bytes: Uint8Array): Buffer => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const anyFamily = Buffer.from([0xff, 0xff])
  const nothing = Buffer.alloc(0)
  return Buffer.concat([anyFamily, field(nothing), field(nothing), field(Buffer.from(COOKIE)), field(cookie)])
}

const COOKIE = 'MIT-MAGIC-COOKIE-1'

/** Sends the connection setup and returns the root window of the first screen. */
async function setUp(socket: Socket, input: Input, cookie: Uint8Array | undefined): Promise<number> {
  const name = Buffer.from(cookie === undefined ? '' : COOKIE)
  const data = Buffer.from(cookie ?? [])
  const header = Buffer.alloc(12)
  header.write('l')
  header.writeUInt16LE(11, 2)
  header.writeUInt16LE(name.length, 6)
  header.writeUInt16LE(data.length, 8)
  socket.write(Buffer.concat([header, padded(name), padded(data)]))
  const answer = await input.take(8)
  const body = await input.take(4 * answer.readUInt16LE(6))
  if (answer[0] !== 1) {
    const reason = body.subarray(0, answer[0] === 0 ? (answer[1] ?? 0) : body.length)
    throw new Error(reason.toString('latin1').replaceAll('\0', '').trim() || 'the server refuses this user')
  }
  const vendorLength = body.readUInt16LE(16)
  const formats = body[21] ?? 0
  return body.readUInt32LE(32 + 4 * Math.ceil(vendorLength / 4) + 8 * formats)
}

async function hasWindow(socket: Socket, input: Input, root: number): Promise<boolean> {
  const tree = await ask(socket, input, OPCODE.queryTree, root)
  const children = Array.from({ length: tree?.readUInt16LE(16) ?? 0 }, (_, i) => tree?.readUInt32LE(32 + 4 * i) ?? 0)
  for (const child of children) {
    const attributes = await ask(socket, input, OPCODE.getWindowAttributes, child)
    if (attributes?.[26] === VIEWABLE) return true
  }
  return false
}

/** The reply to a request about a window, or undefined where the window is gone. */
async function ask(socket: Socket, input: Input, opcode: number, window: number): Promise<Buffer | undefined> {
  const request = Buffer.alloc(8)
  request[0] = opcode
  request.writeUInt16LE(2, 2)
  request.writeUInt32LE(window, 4)
  socket.write(request)
  for (;;) {
    const head = await input.take(32)
    if (head[0] === 0) return undefined
    if (head[0] === 1) return Buffer.concat([head, await input.take(4 * head.readUInt32LE(4))])
    // An event, e.g. of a changed keyboard map.
  }
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

/** Takes exact numbers of bytes out of a socket, one caller at a time. */
class Input {
  #bytes: Buffer = Buffer.alloc(0)
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor(socket: Socket) {
    const end = (error: Error): void => {
      this.#error ??= error
      this.#wake?.()
    }
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake?.()
    })
    socket.on('error', end)
    socket.on('close', () => end(new Error('the server closed the connection')))
  }

  async take(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) {
      if (this.#error !== undefined) throw this.#error
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const taken = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return taken
  }
}
