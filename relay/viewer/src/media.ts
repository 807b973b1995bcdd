// SPDX-License-Identifier: Apache-2.0
// One RTCPeerConnection of the page: answers the relay's offers, opens the negotiated data channels and reports tracks,
// echoes and the state of the path. Which connection is in use, and when a new one is asked for, is media-path.ts.

import {
  decodeEcho,
  type FrameEcho,
  INPUT_STREAM_ID,
  MOTION_LIFETIME_MS,
  MOTION_STREAM_ID,
  type RelayToViewer,
} from '@nestri/protocol'
import { hasDataChannels, refusedVideoCodec, withStereo } from './sdp.ts'

export type Offer = Extract<RelayToViewer, { type: 'offer' }>

/** Motion that waits longer than a few milliseconds is worthless: the sender keeps it and sums it up instead. */
const MOTION_BACKLOG_BYTES = 1_024
/** Keys must arrive, but a backlog of this size means that nothing gets through any more. */
const INPUT_BACKLOG_BYTES = 64 * 1_024

export interface MediaHandlers {
  /** The tracks after an offer was applied. */
  onTracks(video: MediaStreamTrack | undefined, audio: MediaStreamTrack | undefined): void
  onPath(state: RTCPeerConnectionState): void
  onEcho(echo: FrameEcho, atMs: number): void
  /** Both input channels are open, or one of them closed. */
  onInputChannels(open: boolean): void
}

export interface MediaOptions {
  /** Players get input and echo channels. */
  player: boolean
  handlers: MediaHandlers
}

/** What applying an offer gave: an answer, or the name of the codec that this browser cannot decode. */
export type Answered = { sdp: string } | { refusedCodec: string }

/** One media connection to the relay. */
export class MediaConnection {
  readonly pc: RTCPeerConnection
  readonly #options: MediaOptions
  #input: RTCDataChannel | undefined
  #motion: RTCDataChannel | undefined
  #echo: RTCDataChannel | undefined
  #closed = false

  constructor(options: MediaOptions) {
    this.#options = options
    // The relay is ICE-lite with public candidates in its offer: no server is needed to find it.
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' })
    this.pc.onconnectionstatechange = () => {
      if (!this.#closed) options.handlers.onPath(this.pc.connectionState)
    }
  }

  /** The video track that is received now. */
  get videoTrack(): MediaStreamTrack | undefined {
    return this.#track('video')
  }

  /** Bytes of input that wait in the browser. */
  get backlogBytes(): number {
    return (this.#input?.bufferedAmount ?? 0) + (this.#motion?.bufferedAmount ?? 0)
  }

  get inputOpen(): boolean {
    return this.#input?.readyState === 'open' && this.#motion?.readyState === 'open'
  }

  /** Applies an offer and returns the answer. Offers are applied one after the other by the caller. */
  async answer(offer: Offer): Promise<Answered> {
    await this.pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp })
    if (this.#options.player && hasDataChannels(offer.sdp)) this.#openChannels(offer.echoStreamId)
    const answer = await this.pc.createAnswer()
    const sdp = withStereo(answer.sdp ?? '')
    const refusedCodec = refusedVideoCodec(offer.sdp, sdp)
    if (refusedCodec !== undefined) return { refusedCodec }
    await this.pc.setLocalDescription({ type: 'answer', sdp })
    for (const receiver of this.pc.getReceivers()) setLowDelay(receiver)
    this.#options.handlers.onTracks(this.#track('video'), this.#track('audio'))
    return { sdp }
  }

  /** Sends one input message; false where the channel is not open or too full. */
  send(channel: 'input' | 'motion', bytes: Uint8Array<ArrayBuffer>): boolean {
    const target = channel === 'input' ? this.#input : this.#motion
    const limit = channel === 'input' ? INPUT_BACKLOG_BYTES : MOTION_BACKLOG_BYTES
    if (target?.readyState !== 'open' || target.bufferedAmount > limit) return false
    target.send(bytes)
    return true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.pc.close()
  }

  #openChannels(echoStreamId: number | null): void {
    const { handlers } = this.#options
    const watch = (channel: RTCDataChannel): RTCDataChannel => {
      channel.onopen = () => {
        if (!this.#closed && this.inputOpen) handlers.onInputChannels(true)
      }
      channel.onclose = () => {
        if (!this.#closed) handlers.onInputChannels(false)
      }
      return channel
    }
    this.#input ??= watch(this.pc.createDataChannel('input', { negotiated: true, id: INPUT_STREAM_ID, ordered: true }))
    this.#motion ??= watch(
      this.pc.createDataChannel('motion', {
        negotiated: true,
        id: MOTION_STREAM_ID,
        ordered: false,
        maxPacketLifeTime: MOTION_LIFETIME_MS,
      }),
    )
    if (echoStreamId === null || this.#echo?.id === echoStreamId) return
    this.#echo?.close()
    this.#echo = this.pc.createDataChannel('echo', { negotiated: true, id: echoStreamId })
    this.#echo.binaryType = 'arraybuffer'
    this.#echo.onmessage = (event) => {
      const echo = event.data instanceof ArrayBuffer ? decodeEcho(new Uint8Array(event.data)) : undefined
      if (echo !== undefined) handlers.onEcho(echo, performance.now())
    }
  }

  /** The newest live track of a kind: a replaced producer leaves its old section inactive. */
  #track(kind: 'video' | 'audio'): MediaStreamTrack | undefined {
    return this.pc
      .getTransceivers()
      .filter(({ currentDirection }) => currentDirection === 'recvonly' || currentDirection === 'sendrecv')
      .map(({ receiver }) => receiver.track)
      .findLast((track) => track.kind === kind && track.readyState === 'live')
  }
}

/** A lower bound of 0: a browser that would buffer for smoothness is asked not to. */
function setLowDelay(receiver: RTCRtpReceiver): void {
  if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0
}
