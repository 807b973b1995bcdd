// SPDX-License-Identifier: Apache-2.0
// An independent receiver: speaks the viewer's protocol with libdatachannel instead of a browser, decrypts every
// packet and counts what is in it.

import {
  HEADER_EXTENSIONS,
  INPUT_STREAM_ID,
  parseMessage,
  type RelayToViewer,
  relayToViewer,
  SIGNALING_VERSION,
  type ViewerMessage,
} from '@nestri/protocol'
import { waitFor } from '@nestri/runtime'
import { type DataChannel, PeerConnection, RtcpReceivingSession, type Track } from 'node-datachannel'
import { WebSocket } from 'ws'
import { beginsKeyFrame, parseRtp, type RtpPacket } from './rtp.ts'

export interface ReceiverOptions {
  /** Relay's address, `http://127.0.0.1:8088`. */
  url: string
  room: string
  token?: string
  role?: 'player' | 'spectator'
  /** Gets every video packet; off the counting path of most tests. */
  onVideo?: (packet: RtpPacket, atMs: number) => void
}

/** Counted since the start. */
export interface Received {
  videoPackets: number
  audioPackets: number
  videoBytes: number
  frames: number
  keyFrames: number
  /** Gaps in the sequence numbers of video that no retransmission filled. */
  lost: number
  playoutDelay: number
  absCaptureTime: number
  firstKeyFrameAfterMs: number | undefined
}

export interface Receiver extends Disposable {
  received: Received
  /** Every message of the relay, newest last. */
  messages: RelayToViewer[]
  send: (message: ViewerMessage) => void
  /** Sends a PLI (RFC 4585 §6.3.1). */
  requestKeyFrame: () => void
  /** Sends input on the reliable channel; false while it is not open. */
  sendInput: (bytes: Uint8Array) => boolean
  /** Waits for a message of a type. */
  message: <T extends RelayToViewer['type']>(
    type: T,
    deadlineMs?: number,
  ) => Promise<Extract<RelayToViewer, { type: T }>>
  /** Waits until video flows. */
  playing: (deadlineMs?: number) => Promise<void>
  /** Resolves with the code of the WebSocket's close. */
  closed: Promise<number>
}

/** Joins a room. */
export function openReceiver(options: ReceiverOptions): Receiver {
  const socket = new WebSocket(`${options.url.replace(/^http/, 'ws')}/signal`)
  const messages: RelayToViewer[] = []
  const received: Received = {
    videoPackets: 0,
    audioPackets: 0,
    videoBytes: 0,
    frames: 0,
    keyFrames: 0,
    lost: 0,
    playoutDelay: 0,
    absCaptureTime: 0,
    firstKeyFrameAfterMs: undefined,
  }
  const openedAtMs = performance.now()
  let peer: PeerConnection | undefined
  let input: DataChannel | undefined
  let video: Track | undefined
  // Without a reference the tracks are collected and closed.
  const tracks: Track[] = []
  const count = countVideo(received, openedAtMs)

  const send = (message: ViewerMessage): void => socket.send(JSON.stringify(message))
  const onOffer = ({ sdp, negotiation, fresh }: Extract<RelayToViewer, { type: 'offer' }>): void => {
    if (fresh || peer === undefined) {
      peer?.close()
      tracks.length = 0
      peer = new PeerConnection('receiver', { iceServers: [], disableAutoNegotiation: true })
      peer.onTrack((track) => {
        tracks.push(track)
        track.setMediaHandler(new RtcpReceivingSession())
        if (track.type() === 'video') video = track
        track.onMessage((bytes) => {
          const packet = parseRtp(bytes)
          if (packet === undefined) return
          if (track.type() === 'audio') {
            received.audioPackets++
            return
          }
          count(packet, sdp)
          options.onVideo?.(packet, performance.now())
        })
      })
      peer.onLocalDescription((answer) => send({ type: 'answer', negotiation, sdp: answer }))
    }
    peer.setRemoteDescription(sdp, 'offer')
    if (fresh && sdp.includes('m=application')) {
      input = peer.createDataChannel('nestri-input', { negotiated: true, id: INPUT_STREAM_ID })
    }
    peer.setLocalDescription('answer')
  }
  socket.on('open', () => {
    const { room, token, role } = options
    send({
      type: 'hello',
      version: SIGNALING_VERSION,
      room,
      ...(token === undefined ? {} : { token }),
      ...(role === undefined ? {} : { role }),
    })
  })
  socket.on('message', (data: Buffer) => {
    const message = parseMessage(relayToViewer, data.toString())
    messages.push(message)
    if (message.type === 'offer') onOffer(message)
  })
  socket.on('error', () => undefined)
  return {
    received,
    messages,
    send,
    requestKeyFrame: () => {
      video?.requestKeyframe()
    },
    sendInput: (bytes) => input?.isOpen() === true && input.sendMessageBinary(bytes),
    message: async (type, deadlineMs = 5_000) =>
      await waitFor(() => messages.find((message) => message.type === type), { what: `message ${type}`, deadlineMs }),
    playing: async (deadlineMs = 10_000) => {
      await waitFor(() => received.keyFrames > 0, { what: 'a key frame', deadlineMs, everyMs: 10 })
    },
    closed: new Promise((resolve) => {
      socket.on('close', resolve)
    }),
    [Symbol.dispose]: () => {
      peer?.close()
      socket.terminate()
    },
  } as Receiver
}

/** Counts a room's video packets into `received`. */
function countVideo(received: Received, openedAtMs: number): (packet: RtpPacket, sdp: string) => void {
  let highest: number | undefined
  let timestamp: number | undefined
  let keyTimestamp: number | undefined
  const idOf = (sdp: string, uri: string): number =>
    Number(new RegExp(`a=extmap:(\\d+)(?:/\\w+)? ${uri.replaceAll('.', '\\.')}`).exec(sdp)?.[1] ?? -1)
  return (packet, sdp) => {
    if (packet.payloadType !== videoPayloadType(sdp)) return
    received.videoPackets++
    received.videoBytes += packet.payload.length
    if (packet.extensions.has(idOf(sdp, HEADER_EXTENSIONS.playoutDelay.uri))) received.playoutDelay++
    if (packet.extensions.has(idOf(sdp, HEADER_EXTENSIONS.absCaptureTime.uri))) received.absCaptureTime++
    if (packet.timestamp !== timestamp) received.frames++
    timestamp = packet.timestamp
    if (keyTimestamp !== packet.timestamp && beginsKeyFrame(sdp.includes('H264') ? 'h264' : 'vp8', packet.payload)) {
      keyTimestamp = packet.timestamp
      received.keyFrames++
      received.firstKeyFrameAfterMs ??= performance.now() - openedAtMs
    }
    if (highest === undefined) {
      highest = packet.sequence
      return
    }
    const ahead = (packet.sequence - highest + 65_536) % 65_536
    if (ahead === 0) return
    if (ahead < 32_768) {
      received.lost += ahead - 1
      highest = packet.sequence
    } else if (received.lost > 0) {
      received.lost--
    }
  }
}

/** Payload type of the video itself; RTX and the probation packets of the bandwidth estimate have others. */
function videoPayloadType(sdp: string): number {
  return Number(/m=video \d+ \S+ (\d+)/.exec(sdp)?.[1] ?? -1)
}
