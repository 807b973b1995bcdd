// SPDX-License-Identifier: Apache-2.0
// The page of one room: joins the parts. Messages of the relay, the media path and the player's hand change the state
// here; what is shown follows from it in `#render`.

import type { RelayToViewer, Role, ViewerMessage } from '@nestri/protocol'
import { SignalLink } from './connect.ts'
import type { Connection, Refusal } from './connection.ts'
import type { DiagnosticsSource } from './diagnostics.ts'
import { el, setText } from './dom.ts'
import { icon } from './icons.ts'
import type { Link } from './link.ts'
import type { MediaConnection } from './media.ts'
import { MediaPath } from './media-path.ts'
import { StatsOverlay } from './overlay.ts'
import { type Permission, PlayControl } from './play-control.ts'
import { Player } from './player.ts'
import { hasKeyboardLock } from './pointer.ts'
import { Progress } from './progress.ts'
import { SeatBar } from './seat-bar.ts'
import { seatOffer, type SeatView } from './seats.ts'
import { type Screen, type ScreenAction, type ScreenInput, codecOf, screenOf } from './screens.ts'
import { ScreenView } from './screen-view.ts'
import { StatsCollector, type ViewerSample } from './stats.ts'
import { Toolbar } from './toolbar.ts'

/** The screen is drawn anew at least as often: countdowns and standstills come from the clock alone. */
const TICK_MS = 250
const NOTE_MS = 5_000
/** Bars go away when neither mouse nor keyboard was used for so long. */
const IDLE_MS = 3_000

/** One room in `root`. */
export class RoomPage {
  readonly #room: string
  readonly #stage: HTMLElement = el('div', {
    class: 'stage',
    attributes: { tabindex: '0', 'aria-label': 'Picture of the game' },
  })
  readonly #page: HTMLElement = el('main', { class: 'room' })
  readonly #note: HTMLElement = el('p', { class: 'note', attributes: { role: 'status' } })
  readonly #screen: ScreenView = new ScreenView((action) => this.#onAction(action))
  readonly #overlay: StatsOverlay = new StatsOverlay()
  readonly #toolbar: Toolbar = this.#makeToolbar()
  readonly #seatBar: SeatBar = this.#makeSeatBar()
  readonly #player: Player = new Player(this.#stage, (metadata) => this.#onFrame(metadata))
  readonly #progress: Progress = new Progress()
  readonly #signal: SignalLink
  readonly #media: MediaPath = this.#makeMediaPath()
  readonly #stats: StatsCollector = this.#makeStats()
  readonly #control: PlayControl = this.#makeControl()
  #seats: SeatView = { viewer: undefined, role: undefined, viewOnly: false, seats: [], asks: [] }
  /** Seats are known only since the last welcome; until then the old ones may be wrong. */
  #seatsKnown = false
  #roomState: ScreenInput['roomState']
  #viewers: number | undefined
  #started = false
  #volume = 1
  #shown: Screen | undefined
  #activeAtMs = performance.now()
  #noteTimer: ReturnType<typeof setTimeout> | undefined

  constructor(root: HTMLElement, link: Link & { room: string }) {
    this.#room = link.room
    this.#stage.append(this.#screen.play, this.#screen.element)
    this.#page.append(
      this.#toolbar.top,
      this.#stage,
      this.#overlay.element,
      this.#toolbar.card,
      this.#seatBar.requests,
      this.#note,
      el('footer', { class: 'bar' }, this.#seatBar.element, this.#toolbar.controls),
      el('p', { class: 'rotate' }, icon('rotate'), 'Watch only on a screen this small. Turn it for a larger picture.'),
      this.#screen.live,
    )
    root.replaceChildren(this.#page)
    for (const type of ['pointermove', 'pointerdown', 'keydown', 'focusin']) {
      this.#page.addEventListener(type, () => this.#onActivity(), { passive: true })
    }
    this.#signal = new SignalLink(link, {
      onMessage: (message) => this.#onMessage(message),
      onConnection: (connection) => this.#onConnection(connection),
      onNotice: (refusal) => this.#onNotice(refusal),
    })
    this.#signal.start()
    this.#stats.start()
    setInterval(() => this.#tick(), TICK_MS)
    this.#render()
  }

  /** What `window.nestri` reads. */
  diagnostics(): DiagnosticsSource {
    const { join } = this.#stats
    return {
      state: () => this.#shown?.kind ?? 'connecting',
      code: () => this.#shown?.code ?? '',
      viewer: () => this.#seats.viewer,
      role: () => this.#seats.role,
      seat: () => seatOffer(this.#seats).mine,
      engaged: () => this.#control.engaged && this.#permission() === 'yes',
      inputSeq: () => this.#control.sender.seq,
      lastEcho: () => join.photons.at(-1),
      stats: () => this.#stats.history.at(-1),
      latencies: () => ({
        glassToGlassMs: [...join.glass],
        inputToPhotonMs: join.photons.map((photon) => photon.inputToPhotonMs),
      }),
      peerConnection: () => this.#media.connection?.pc,
    }
  }

  #onMessage(message: RelayToViewer): void {
    switch (message.type) {
      case 'welcome':
        this.#onWelcome(message.viewer, message.role)
        break
      case 'room-state':
        this.#roomState = message
        if (message.state === 'ended') this.#end()
        break
      case 'offer':
        this.#media.handleOffer(message)
        break
      case 'seats':
        this.#seats = { ...this.#seats, seats: message.seats, asks: message.asks }
        this.#seatsKnown = true
        this.#control.update()
        break
      case 'room-stats':
        this.#viewers = message.players + message.spectators
        this.#stats.setRoom(message)
        break
      default:
        return
    }
    this.#render()
  }

  #onWelcome(viewer: string, role: Role): void {
    this.#seats = { ...this.#seats, viewer, role }
    this.#media.rejoined()
  }

  #onConnection(connection: Connection): void {
    if (connection.kind !== 'joined') this.#seatsKnown = false
    if (connection.kind === 'refused' || connection.kind === 'finished') this.#end()
    this.#control.update()
    this.#render()
  }

  #onNotice(refusal: Refusal): void {
    switch (refusal.code) {
      case 'ERR_CODEC':
        this.#media.undecodable(codecOf(refusal))
        return
      case 'ERR_CONNECT_TIMEOUT':
        this.#media.fail(refusal.message)
        return
      default:
        this.#say(`${refusal.message}. ${refusal.hint}`)
    }
  }

  #onAction(action: ScreenAction): void {
    switch (action) {
      case 'play':
        this.#start()
        return
      case 'retry':
        this.#signal.dialNow()
        return
      case 'restart':
        this.#media.restart('the viewer asked for it')
        return
      case 'reload':
        location.reload()
        return
      case 'rooms':
        location.assign('./')
    }
  }

  /** The click that starts everything: sound, a free seat or the one that is asked for, mouse and keyboard. */
  #start(seat?: number): void {
    if (!this.#started) {
      this.#started = true
      void this.#player.start().then((sound) => {
        if (!sound) this.#say('The browser keeps the sound off; use the sound button.')
        this.#render()
      })
    }
    const wanted = seat ?? this.#seats.seats.find(({ holder }) => holder === null)?.seat
    const may = this.#seats.role === 'player' && !this.#control.viewOnly
    if (may && wanted !== undefined && seatOffer(this.#seats).mine === undefined) {
      this.#send({ type: 'seat-ask', seat: wanted })
    }
    this.#control.play()
    this.#render()
  }

  #end(): void {
    this.#media.close()
    this.#player.clear()
    this.#progress.reset()
    this.#control.update()
  }

  #permission(): Permission {
    const { role } = this.#seats
    if (role !== 'player' || !this.#started || seatOffer(this.#seats).mine === undefined) return 'no'
    const { kind } = this.#signal.connection
    if (kind === 'refused' || kind === 'finished') return 'no'
    const ready = kind === 'joined' && this.#seatsKnown && this.#roomState?.state === 'live'
    return ready ? 'yes' : 'paused'
  }

  #onTracks(connection: MediaConnection, video?: MediaStreamTrack, audio?: MediaStreamTrack): void {
    if (video === undefined) return
    this.#player.show(video, audio, () => {
      this.#media.promote(connection)
      this.#stats.restart()
      this.#render()
    })
  }

  #onFrame(metadata: VideoFrameCallbackMetadata): void {
    this.#progress.frame(performance.now())
    this.#stats.addFrame(metadata)
  }

  #onSample(sample: ViewerSample): void {
    // A hidden tab presents nothing, but its decoder tells that the stream lives.
    this.#progress.decoded(sample.framesDecoded ?? 0, sample.atMs)
    this.#overlay.update(this.#stats.history)
  }

  #onActivity(): void {
    this.#activeAtMs = performance.now()
    this.#page.dataset['idle'] = 'false'
  }

  #tick(): void {
    const live = this.#signal.connection.kind === 'joined' && this.#roomState?.state === 'live'
    const waiting = live && this.#media.state.kind === 'connected'
    const nowMs = performance.now()
    if (this.#progress.shouldRestart(nowMs, waiting)) {
      const seconds = Math.round(this.#progress.silenceMs(nowMs) / 1000)
      this.#media.restart(`no picture for ${seconds} s`)
    }
    this.#render()
  }

  #render(): void {
    const nowMs = performance.now()
    const screen = screenOf({
      room: this.#room,
      connection: this.#signal.connection,
      roomState: this.#roomState,
      media: this.#media.state,
      picture: this.#progress.picture(nowMs),
      started: this.#started,
      online: navigator.onLine,
      nowMs,
    })
    this.#shown = screen
    this.#screen.show(screen)
    this.#seatBar.show(seatOffer({ ...this.#seats, viewOnly: this.#control.viewOnly }))
    this.#page.dataset['state'] = screen.kind
    this.#page.dataset['cover'] = screen.cover
    this.#page.dataset['idle'] = String(nowMs - this.#activeAtMs > IDLE_MS)
    this.#page.dataset['engaged'] = String(this.#control.engaged)
    this.#page.dataset['role'] = this.#seats.role ?? ''
    this.#toolbar.show({
      room: this.#room,
      live: this.#roomState?.state === 'live' && this.#signal.connection.kind === 'joined',
      viewers: this.#viewers,
      muted: this.#player.muted,
      volume: this.#volume,
      mouseMode: this.#seats.role === 'player' ? this.#control.mouseMode : undefined,
      stats: this.#overlay.visible,
      fullscreen: this.#control.fullscreen,
      released: screen.kind === 'playing' ? this.#control.released : undefined,
      keyboardLock: hasKeyboardLock(),
    })
  }

  #shortcut(code: string): boolean {
    switch (code) {
      case 'KeyS':
        this.#toggleStats()
        return true
      case 'KeyM':
        this.#control.toggleMouseMode()
        return true
      case 'KeyQ':
        this.#control.letGo()
        return true
      case 'KeyF':
        void this.#control.toggleFullscreen()
        return true
      default:
        return false
    }
  }

  #toggleStats(): void {
    this.#overlay.toggle()
    this.#overlay.update(this.#stats.history)
    this.#render()
  }

  #say(text: string): void {
    setText(this.#note, text)
    clearTimeout(this.#noteTimer)
    this.#noteTimer = setTimeout(() => setText(this.#note, ''), NOTE_MS)
  }

  #send(message: ViewerMessage): boolean {
    return this.#signal.send(message)
  }

  #makeToolbar(): Toolbar {
    return new Toolbar({
      onMute: () => {
        if (this.#player.muted) void this.#player.start().then(() => this.#render())
        else this.#player.setMuted(true)
        this.#render()
      },
      onVolume: (volume) => {
        this.#volume = volume
        this.#player.setVolume(volume)
        if (this.#player.muted && volume > 0) void this.#player.start()
        this.#render()
      },
      onMouseMode: () => this.#control.toggleMouseMode(),
      onStats: () => this.#toggleStats(),
      onFullscreen: () => void this.#control.toggleFullscreen(),
      onResume: () => this.#control.play(),
      onSendEscape: () => this.#control.sendEscape(),
    })
  }

  #makeSeatBar(): SeatBar {
    return new SeatBar({
      onAsk: (seat) => this.#start(seat),
      onGrant: ({ seat, viewer }) => this.#send({ type: 'seat-grant', seat, to: viewer }),
      onRelease: (seat) => this.#send({ type: 'seat-release', seat }),
    })
  }

  #makeMediaPath(): MediaPath {
    return new MediaPath({
      player: () => this.#seats.role === 'player',
      send: (message) => this.#send(message),
      handlers: {
        onTracks: (connection, video, audio) => this.#onTracks(connection, video, audio),
        onState: () => this.#render(),
        onEcho: (echo, atMs) => this.#stats.addEcho(echo, atMs),
        onInputChannels: () => this.#control.releaseHeld(),
      },
    })
  }

  #makeStats(): StatsCollector {
    return new StatsCollector(
      {
        connection: () => {
          const pc = this.#media.connection?.pc
          const track = this.#player.track
          return pc === undefined || track === undefined ? undefined : { pc, track }
        },
        backlogBytes: () => this.#media.inputConnection?.backlogBytes ?? 0,
      },
      (sample) => this.#onSample(sample),
    )
  }

  #makeControl(): PlayControl {
    return new PlayControl({
      stage: this.#stage,
      page: this.#page,
      video: () => this.#player.element,
      permission: () => this.#permission(),
      send: (channel, bytes) => this.#media.inputConnection?.send(channel, bytes) ?? false,
      onSent: (seq, atMs) => this.#stats.join.addInput(seq, atMs),
      onShortcut: (code) => this.#shortcut(code),
      onChange: () => this.#render(),
      onNote: (text) => this.#say(text),
    })
  }
}
