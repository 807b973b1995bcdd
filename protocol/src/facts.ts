// SPDX-License-Identifier: Apache-2.0
// Facts about a running room that several messages carry: what encodes it, how it is doing, who sits where.

import * as v from 'valibot'
import { counter, figure, roomName, shortText, text } from './message.ts'

/** What really encodes the room, and why nothing better does (NestriRoom `status.encoder`). */
export const encoderFacts = v.object({
  /** GStreamer element, e.g. `x264enc`. */
  name: shortText,
  codec: v.picklist(['h264', 'h265', 'av1', 'vp8']),
  type: v.picklist(['hardware', 'software']),
  /** Memory path of the frames, e.g. `system`, `CUDAMemory`, `VAMemory`. */
  memory: shortText,
  /** Why hardware was asked for and software was taken; empty when nothing was given up. */
  fallbackReason: text,
  rejected: v.pipe(v.array(v.object({ name: shortText, reason: text })), v.maxLength(32)),
})
export type EncoderFacts = v.InferOutput<typeof encoderFacts>

/** Why key frames were made since the encoder started. */
const keyFramesByReason = v.object({
  start: counter,
  join: counter,
  pli: counter,
  drop: counter,
  request: counter,
  unasked: counter,
})

/** The runner's figures of the last second. Times in milliseconds, rates in kbit/s. */
export const streamStats = v.object({
  framesPerSecond: figure,
  bitrateKbps: figure,
  targetBitrateKbps: figure,
  encodeMsP50: figure,
  encodeMsP99: figure,
  /** Frame captured to its last RTP packet handed to the transport. */
  captureToSendMsP50: figure,
  captureToSendMsP99: figure,
  framesCaptured: counter,
  framesEncoded: counter,
  /** Frames dropped since start, by the stage that dropped them. */
  drops: v.object({ capture: counter, queue: counter, encoder: counter, send: counter }),
  keyFrames: keyFramesByReason,
  audioPackets: counter,
  inputEvents: counter,
  inputRejected: counter,
})
export type StreamStats = v.InferOutput<typeof streamStats>

/** One numbered place that may send input. */
export const seatFacts = v.object({
  seat: counter,
  /** Viewer who holds it, or null. */
  holder: v.nullable(shortText),
  /** False while the holder's connection is lost and the seat is kept for it. */
  connected: v.boolean(),
})
export type SeatFacts = v.InferOutput<typeof seatFacts>

export const roomStates = ['waiting', 'live', 'ended'] as const
/** `waiting`: no runner (yet, or lost); `live`: media flows; `ended`: closed for good. */
export type RoomState = (typeof roomStates)[number]

/** One room as `GET /api/rooms` shows it: the operator's and the room list's source of facts. */
export const roomFacts = v.object({
  /** ULID of this life of the room on this relay. */
  id: shortText,
  room: roomName,
  epoch: counter,
  state: v.picklist(roomStates),
  reason: text,
  public: v.boolean(),
  sinceUnixMs: counter,
  players: counter,
  spectators: counter,
  seats: v.array(seatFacts),
  encoder: v.nullable(encoderFacts),
  stats: v.nullable(streamStats),
})
export type RoomFacts = v.InferOutput<typeof roomFacts>

/** Body of `GET /api/rooms`, and of each `rooms` event of `GET /api/rooms?watch=1` (server-sent events, whole list each time). */
export const roomList = v.object({ rooms: v.array(roomFacts) })
export type RoomList = v.InferOutput<typeof roomList>
