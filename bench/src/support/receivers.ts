// SPDX-License-Identifier: Apache-2.0
// Viewers of bench/native/viewers.cpp, joined to a room through the relay's own signalling.

import type { RelayToViewer, ViewerMessage } from '@nestri/protocol'
import { SIGNALING_VERSION } from '@nestri/protocol'
import { inviteClaims, type Relay } from '@nestri/e2e'
import { LineProgram } from './line-program.ts'
import { nativeProgram } from './native-programs.ts'
import { RoomSocket } from './room-socket.ts'
import { readOfferedVideo, writeAnswer } from './sdp.ts'

/** Sums over all viewers of one process since the last reset. */
export interface ReceiverCounts {
  packets: number
  bytes: number
  lost: number
  forged: number
  other: number
}

/** Arrival of the last packet of each frame, Unix nanoseconds by RTP timestamp. */
export type FrameTimes = Map<number, bigint>

export class Receivers implements AsyncDisposable {
  readonly program: LineProgram
  readonly #fingerprint: Promise<string>
  readonly #sockets: AsyncDisposable[] = []
  #next = 0

  /** @param cpu the CPU that the receivers run on; undefined = any */
  constructor(cpu?: number) {
    this.program = new LineProgram({
      name: 'viewers',
      command: nativeProgram('viewers'),
      ...(cpu === undefined ? {} : { cpu }),
    })
    this.#fingerprint = this.program.take('fingerprint').then(([fingerprint = '']) => fingerprint)
  }

  /** Joins one viewer and waits for its first packet of video; returns its id. */
  async join(relay: Relay, room: string, role: 'player' | 'spectator'): Promise<number> {
    const id = this.#next++
    const socket = await RoomSocket.open<ViewerMessage, RelayToViewer>(`ws://127.0.0.1:${relay.port}/signal`)
    this.#sockets.push(socket)
    const token = await relay.keys.sign(inviteClaims(room, role))
    socket.send({ type: 'hello', version: SIGNALING_VERSION, room, token })
    const offer = await socket.next('offer')
    const { address, port, fragment, password, ssrc, transportCcId } = readOfferedVideo(offer.sdp)
    const own = `v${id}xx`
    this.program.tell(`add ${id} ${address} ${port} ${fragment} ${password} ${own} ${ssrc} ${transportCcId}`)
    const answer = writeAnswer(offer.sdp, await this.#fingerprint, own)
    socket.send({ type: 'answer', negotiation: offer.negotiation, sdp: answer })
    await this.program.take(`media ${id}`)
    return id
  }

  resetCounts(): void {
    this.program.tell('reset')
  }

  async counts(): Promise<ReceiverCounts> {
    this.program.tell('count')
    const [packets = 0, bytes = 0, lost = 0, forged = 0, other = 0] = (await this.program.take('count')).map(Number)
    return { packets, bytes, lost, forged, other }
  }

  record(id: number): void {
    this.program.tell(`record ${id}`)
  }

  /** Frames of a viewer since `record` or the last call. */
  async frames(id: number): Promise<FrameTimes> {
    return parseFrames(await this.program.list(`frames ${id}`))
  }

  /** Sends a picture loss indication; returns the time until the first packet of a key frame came, in ms. */
  async pliToKeyFrameMs(id: number): Promise<number> {
    this.program.tell(`pli ${id}`)
    const [sent = '0'] = await this.program.take(`pli ${id}`)
    const [came = '0'] = await this.program.take(`key ${id}`)
    return Number(BigInt(came) - BigInt(sent)) / 1e6
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sockets.map(async (socket) => await socket[Symbol.asyncDispose]()))
    await this.program[Symbol.asyncDispose]()
  }
}

/** Lines `frame TIMESTAMP UNIX_NS`. */
export function parseFrames(lines: readonly string[]): FrameTimes {
  return new Map(
    lines.flatMap((line) => {
      const [word, timestamp, at] = line.split(' ')
      return word === 'frame' && timestamp !== undefined && at !== undefined ? [[Number(timestamp), BigInt(at)]] : []
    }),
  )
}
