// SPDX-License-Identifier: Apache-2.0
// From the page's state to the words that a person reads. Pure and complete: there is no state without a sentence that
// says what is going on, what will happen next, and what the reader can do.

import type { RoomState } from '@nestri/protocol'
import type { Connection, Refusal } from './connection.ts'

/** The media connection as the screens see it. */
export type MediaState =
  | { kind: 'none' }
  | { kind: 'connecting' }
  | { kind: 'connected' }
  /** No path for media was found; `untilMs` = next try. */
  | { kind: 'no-path'; untilMs: number }
  /** The browser has no decoder for the room's codec. */
  | { kind: 'undecodable'; codec: string }

/** Everything that decides what is shown over the picture. */
export interface ScreenInput {
  room: string
  connection: Connection
  /** Last `room-state`; undefined before the first. */
  roomState: { state: RoomState; reason: string } | undefined
  media: MediaState
  /** `none` = no frame yet, `frozen` = an old frame stands still, `moving` = frames come. */
  picture: 'none' | 'frozen' | 'moving'
  /** Whether a person has started playback with a click; before, the picture is a muted preview. */
  started: boolean
  online: boolean
  nowMs: number
}

export type ScreenKind =
  | 'connecting'
  | 'waiting'
  | 'joining'
  | 'preview'
  | 'playing'
  | 'stalled'
  | 'interrupted'
  | 'reconnecting'
  | 'ended'
  | 'refused'
  | 'no-path'
  | 'undecodable'

export type ScreenAction = 'play' | 'retry' | 'rooms' | 'reload' | 'restart'

export interface Screen {
  kind: ScreenKind
  /** How much it covers: all, the picture dimmed, a small notice, nothing. */
  cover: 'full' | 'veil' | 'notice' | 'none'
  tone: 'busy' | 'calm' | 'bad'
  title: string
  text: string
  hint: string
  actions: readonly { action: ScreenAction; label: string }[]
  /** The code that support asks for; empty where there is none. */
  code: string
}

const RETRY = { action: 'retry', label: 'Try now' } as const
const ROOMS = { action: 'rooms', label: 'All rooms' } as const
const PLAY = { action: 'play', label: 'Play' } as const

/** Losses shorter than this many dials are shown as a small notice: most are over before anybody could read more. */
const QUIET_ATTEMPTS = 3

/** What the page shows now. */
export function screenOf(input: ScreenInput): Screen {
  switch (input.connection.kind) {
    case 'refused':
      return refusedScreen(input.connection.refusal)
    case 'finished':
      return endedScreen(input)
    case 'dialing':
    case 'waiting':
      return awayScreen(input, input.connection)
    case 'joined':
      return joinedScreen(input)
  }
}

function joinedScreen(input: ScreenInput): Screen {
  const { roomState, media } = input
  if (roomState?.state === 'ended') return endedScreen(input)
  if (roomState?.state === 'waiting') return input.picture === 'none' ? waitingScreen(input) : interruptedScreen(input)
  if (media.kind === 'undecodable') return undecodableScreen(media.codec)
  if (media.kind === 'no-path' && input.picture !== 'moving') return noPathScreen(input, media.untilMs)
  if (input.picture === 'none') {
    return screen('joining', {
      title: `Joining ${input.room}`,
      text: media.kind === 'connected' ? 'Waiting for the first picture.' : 'Opening the media connection.',
    })
  }
  if (input.picture === 'frozen') {
    return screen('stalled', {
      cover: 'notice',
      title: 'The picture stands still',
      text: media.kind === 'connected' ? 'Waiting for the next one.' : 'The media connection is being set up again.',
    })
  }
  if (!input.started) {
    return screen('preview', { cover: 'none', tone: 'calm', title: input.room, text: 'Muted preview', actions: [PLAY] })
  }
  return screen('playing', { cover: 'none', tone: 'calm', title: `Playing ${input.room}` })
}

function waitingScreen(input: ScreenInput): Screen {
  return screen('waiting', {
    title: `${input.room} is not running yet`,
    text: 'You are in line. The picture appears here by itself as soon as the game has started.',
    hint: reasonOf(input),
    actions: [ROOMS],
  })
}

function interruptedScreen(input: ScreenInput): Screen {
  return screen('interrupted', {
    cover: 'veil',
    title: 'The game was interrupted',
    text: 'You keep your place. The game goes on here by itself as soon as the room is back.',
    hint: reasonOf(input),
    actions: [ROOMS],
  })
}

function endedScreen(input: ScreenInput): Screen {
  return screen('ended', {
    tone: 'calm',
    title: `${input.room} has ended`,
    text: (input.roomState?.state === 'ended' ? reasonOf(input) : '') || 'The host closed this room.',
    actions: [ROOMS, { action: 'reload', label: 'Look again' }],
  })
}

function awayScreen(input: ScreenInput, connection: Extract<Connection, { kind: 'dialing' | 'waiting' }>): Screen {
  const first = connection.attempt === 0
  const refusal = connection.refusal
  if (first && refusal === undefined) {
    return screen('connecting', { title: `Connecting to ${input.room}`, text: 'Reaching the relay.' })
  }
  const next = nextDial(input, connection)
  if (refusal !== undefined) {
    return screen('reconnecting', {
      title: REFUSED_TITLES[refusal.code] ?? 'The relay is not ready',
      text: `${sentence(refusal.message)} ${next}`,
      hint: refusal.hint,
      code: refusal.code,
      actions: [RETRY, ROOMS],
    })
  }
  const shown = input.picture !== 'none'
  // Media does not pass through the socket that was lost: while frames come the game goes on.
  if (shown && (connection.attempt <= QUIET_ATTEMPTS || input.picture === 'moving')) {
    return screen('reconnecting', { cover: 'notice', title: 'Reconnecting', text: 'Your place is kept.' })
  }
  if (!input.online) {
    return screen('reconnecting', {
      cover: shown ? 'veil' : 'full',
      title: 'This device is offline',
      text: 'The page connects by itself as soon as the network is back.',
      actions: [RETRY],
    })
  }
  return screen('reconnecting', {
    cover: shown ? 'veil' : 'full',
    title: shown ? 'Connection lost' : 'The relay does not answer',
    text: `${next} ${shown ? 'Your place is kept for a while.' : ''}`.trim(),
    hint: shown ? '' : 'It may be starting, or this device cannot reach it.',
    actions: [RETRY, ROOMS],
  })
}

function nextDial(input: ScreenInput, connection: Extract<Connection, { kind: 'dialing' | 'waiting' }>): string {
  if (connection.kind === 'dialing') return 'Trying now.'
  return `Next try ${inSeconds(connection.untilMs - input.nowMs)}.`
}

function noPathScreen(input: ScreenInput, untilMs: number): Screen {
  return screen('no-path', {
    cover: input.picture === 'none' ? 'full' : 'veil',
    tone: 'bad',
    title: 'No path for the picture',
    text: `The relay answers, but its media ports do not. Next try ${inSeconds(untilMs - input.nowMs)}.`,
    hint: 'A firewall or VPN probably blocks UDP. Allow UDP (or TCP) to the media ports of the relay, or try another network.',
    code: 'ERR_CONNECT_TIMEOUT',
    actions: [{ action: 'restart', label: 'Try now' }, ROOMS],
  })
}

/** The codec that an ERR_CODEC is about, as its message names it. */
export function codecOf(refusal: Refusal): string {
  return /decode ([\w.]+)/.exec(refusal.message)?.[1] ?? "the room's video"
}

function undecodableScreen(codec: string): Screen {
  return screen('undecodable', {
    tone: 'bad',
    title: `This browser cannot decode ${codec}`,
    text: 'The room is running, but its video format is not supported here.',
    hint: 'Use a current Chrome, Edge, Firefox or Safari, or ask the host to set spec.video.codec to vp8.',
    code: 'ERR_CODEC',
    actions: [{ action: 'reload', label: 'Try again' }, ROOMS],
  })
}

/** What a refusal means for the person in front of the page; the relay's own sentence follows as the text. */
const REFUSED_TITLES: Readonly<Record<string, string>> = {
  ERR_TOKEN_MISSING: 'This link is not complete',
  ERR_TOKEN_MALFORMED: 'This link is damaged',
  ERR_TOKEN_KEY: 'This link is for another relay',
  ERR_TOKEN_EXPIRED: 'You need a new link',
  ERR_TOKEN_USE: 'This is not a link for viewers',
  ERR_TOKEN_ROOM: 'This link is for another room',
  ERR_TOKEN_GENERATION: 'You need a new link',
  ERR_ORIGIN: 'This page may not connect here',
  ERR_PROTOCOL_VERSION: 'This page is out of date',
  ERR_ROOM_NAME: 'There is no such room',
  ERR_ROOM_FULL: 'The room is full',
  ERR_RELAY_FULL: 'The relay is full',
  ERR_DRAINING: 'The relay is restarting',
  ERR_RATE: 'Too fast for the relay',
  ERR_SUPERSEDED: 'You are playing in another tab',
}

function refusedScreen(refusal: Refusal): Screen {
  if (refusal.code === 'ERR_CODEC') return undecodableScreen(codecOf(refusal))
  const superseded = refusal.code === 'ERR_SUPERSEDED'
  const again = { action: 'retry', label: superseded ? 'Use this tab' : 'Try again' } as const
  const reload = { action: 'reload', label: 'Reload the page' } as const
  return screen('refused', {
    tone: superseded ? 'calm' : 'bad',
    title: REFUSED_TITLES[refusal.code] ?? 'The relay said no',
    text: superseded ? 'The same seat was opened somewhere else, so this tab let go of it.' : sentence(refusal.message),
    hint: superseded ? '' : refusal.hint,
    code: refusal.code,
    actions: [refusal.code === 'ERR_PROTOCOL_VERSION' ? reload : again, ROOMS],
  })
}

type ScreenParts = Partial<Omit<Screen, 'kind'>> & { title: string }

function screen(kind: ScreenKind, parts: ScreenParts): Screen {
  return { kind, cover: 'full', tone: 'busy', text: '', hint: '', actions: [], code: '', ...parts }
}

function reasonOf(input: ScreenInput): string {
  return sentence(input.roomState?.reason ?? '')
}

/** A catalogue message (no capital, no full stop) as a sentence. */
function sentence(message: string): string {
  if (message === '') return ''
  const capital = message.charAt(0).toUpperCase() + message.slice(1)
  return /[.!?]$/.test(capital) ? capital : `${capital}.`
}

function inSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return seconds <= 0 ? 'now' : `in ${seconds} s`
}
