// SPDX-License-Identifier: Apache-2.0
// The paced publisher of bench/native/publisher.cpp as the runner of a room: announces over `WS /runner`, keeps the
// heartbeat, publishes through ICE, DTLS and SRTP.

import {
  INGEST_VERSION,
  type RelayToRunner,
  RUNNER_HEARTBEAT_MS,
  type RunnerMessage,
  VIDEO_CODECS,
} from '@nestri/protocol'
import { type Relay, runnerClaims } from '@nestri/e2e'
import { LineProgram } from './line-program.ts'
import { nativeProgram } from './native-programs.ts'
import { type FrameTimes, parseFrames } from './receivers.ts'
import { RoomSocket } from './room-socket.ts'
import { readRemoteEnd, writePublisherOffer } from './sdp.ts'

export interface PublisherOptions {
  room: string
  framesPerSecond: number
  packetsPerFrame: number
  /** RTP packet with header, without SRTP's tag. */
  packetBytes: number
  cpu?: number
}

const SSRC = 0x5eed

export class Publisher implements AsyncDisposable {
  readonly program: LineProgram
  readonly #socket: RoomSocket<RunnerMessage, RelayToRunner>
  readonly #heartbeat: NodeJS.Timeout

  private constructor(program: LineProgram, socket: RoomSocket<RunnerMessage, RelayToRunner>) {
    this.program = program
    this.#socket = socket
    this.#heartbeat = setInterval(() => socket.send({ type: 'heartbeat' }), RUNNER_HEARTBEAT_MS)
  }

  /** Publishes a room; resolves when packets flow. */
  static async open(relay: Relay, options: PublisherOptions): Promise<Publisher> {
    const { room, framesPerSecond, packetsPerFrame, packetBytes, cpu } = options
    const program = new LineProgram({
      name: 'publisher',
      command: nativeProgram('publisher'),
      ...(cpu === undefined ? {} : { cpu }),
    })
    const socket = await RoomSocket.open<RunnerMessage, RelayToRunner>(`ws://127.0.0.1:${relay.port}/runner`)
    const publisher = new Publisher(program, socket)
    const [fingerprint = ''] = await program.take('fingerprint')
    const token = await relay.keys.sign(runnerClaims(room))
    const kbps = Math.round((framesPerSecond * packetsPerFrame * packetBytes * 8) / 1000)
    const bitrate = { minKbps: 500, startKbps: kbps, maxKbps: kbps }
    socket.send({ type: 'announce', version: INGEST_VERSION, room, epoch: 1, token, bitrate, encoder: null })
    await socket.next('admitted')
    socket.send({ type: 'offer', negotiation: 1, sdp: writePublisherOffer(fingerprint, 'benchpub', SSRC) })
    const { address, port, fragment, password } = readRemoteEnd((await socket.next('answer')).sdp)
    const { payloadType } = VIDEO_CODECS.h264
    program.tell(`connect ${address} ${port} ${fragment} ${password} benchpub ${SSRC} ${payloadType}`)
    await program.take('connected')
    program.tell(`start ${framesPerSecond} ${packetsPerFrame} ${packetBytes}`)
    return publisher
  }

  record(): void {
    this.program.tell('record')
  }

  /** When the last packet of each frame was handed to the socket, since `record` or the last call. */
  async frames(): Promise<FrameTimes> {
    return parseFrames(await this.program.list('frames'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heartbeat)
    await this.#socket[Symbol.asyncDispose]()
    await this.program[Symbol.asyncDispose]()
  }
}
