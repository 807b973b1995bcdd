// SPDX-License-Identifier: Apache-2.0
// What bench/native/rtp_tap.cpp saw on loopback, frame by frame, by RTP timestamp.

import { HEADER_EXTENSIONS } from '@nestri/protocol'
import { LineProgram } from './line-program.ts'
import { nativeProgram } from './native-programs.ts'

/** Packets of one frame in one direction. Times in Unix ms. */
export interface TappedFrame {
  /** `in` = towards the relay. */
  direction: 'in' | 'out'
  rtpTimestamp: number
  /** Port of the other end: tells viewers apart. */
  peerPort: number
  payloadType: number
  firstMs: number
  lastMs: number
  /** abs-capture-time; undefined where no packet carried it. */
  captureMs: number | undefined
  packets: number
  /** Behind the RTP headers, SRTP's tags included. */
  bytes: number
}

export class Tap implements AsyncDisposable {
  readonly #program: LineProgram

  private constructor(program: LineProgram) {
    this.#program = program
  }

  /** Watches `workers` media ports from `mediaPort` on. Needs root or CAP_NET_RAW. */
  static async open(mediaPort: number, workers: number): Promise<Tap> {
    const args = [mediaPort, mediaPort + workers - 1, HEADER_EXTENSIONS.absCaptureTime.id].map(String)
    const program = new LineProgram({ name: 'rtp-tap', command: nativeProgram('rtp-tap'), args })
    await program.take('ready')
    return new Tap(program)
  }

  /** Frames since the last call. */
  async frames(): Promise<TappedFrame[]> {
    return (await this.#program.list('print')).flatMap((line) => parseTapped(line) ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
  }
}

/** One line of the tap; undefined where it is another one. */
export function parseTapped(line: string): TappedFrame | undefined {
  const [direction, timestamp, port, payloadType, first, last, capture, packets, bytes] = line.split(' ')
  if ((direction !== 'in' && direction !== 'out') || bytes === undefined) return undefined
  const ms = (ns = '0'): number => Number(BigInt(ns) / 1000n) / 1000
  return {
    direction,
    rtpTimestamp: Number(timestamp),
    peerPort: Number(port),
    payloadType: Number(payloadType),
    firstMs: ms(first),
    lastMs: ms(last),
    captureMs: capture === '0' ? undefined : ms(capture),
    packets: Number(packets),
    bytes: Number(bytes),
  }
}
