// SPDX-License-Identifier: Apache-2.0
// Runs one session on the addon: chooses the encoder, watches that frames flow, and turns what the addon tells into
// events of the contract. Everything here is on the JavaScript thread; media never is.

import { NestriError } from '@nestri/protocol'
import type { StreamStats } from '@nestri/protocol'
import { messageOf } from '@nestri/runtime'
import type { NativeAddon, NativeEvent, NativeSession } from '../native.ts'
import { chooseEncoder, listCandidates } from '../pipeline/choose.ts'
import type { Candidate, Registry } from '../pipeline/choose.ts'
import { describeAudio, describeEncoder, describeProbe, describeSession } from '../pipeline/describe.ts'
import type { VideoSettings } from '../pipeline/describe.ts'
import { ENCODERS } from '../pipeline/encoders.ts'
import { CommandError } from './backend.ts'
import type { BackendEvents, CommandOf, EncoderBackend } from './backend.ts'
import { ENCODER_CONTRACT_VERSION } from './contract.ts'
import type { Capabilities, ProbedEncoder, SessionRequest, Started } from './contract.ts'
import { nextFault, nextStall, startOfStalls } from './stall-ladder.ts'
import type { FaultState, FaultyPart, StallAction, StallState } from './stall-ladder.ts'
import { addSample, figuresOf, openWindow } from './stream-figures.ts'
import type { FigureWindow } from './stream-figures.ts'

/** How often the ages are read. */
const TICK_MS = 250
/** How often figures are told. */
const STATS_MS = 1_000

type Fault = Extract<NativeEvent, { type: 'error' }>

interface Running {
  session: NativeSession
  /** Errors that came while it started: the start's own failure tells them. */
  startFaults: Fault[] | undefined
  candidate: Candidate
  video: VideoSettings
  connected: boolean
  stall: StallState
  faults: FaultState
  window: FigureWindow
  figures: StreamStats
  restarting: Promise<void> | undefined
  timer: NodeJS.Timeout
}

export class GstreamerBackend implements EncoderBackend {
  readonly #addon: NativeAddon
  readonly #events: BackendEvents
  readonly #registry: Registry
  #running: Running | undefined
  #starting = false
  #ended = false

  constructor(addon: NativeAddon, events: BackendEvents) {
    this.#addon = addon
    this.#events = events
    this.#registry = (element) => addon.inspectElement(element)
  }

  capabilities(): Capabilities {
    return {
      version: ENCODER_CONTRACT_VERSION,
      backend: 'gstreamer',
      requestedBackend: 'gstreamer',
      fallbackReason: '',
      gstreamer: this.#addon.gstreamerVersion(),
      encoders: ENCODERS.map(({ element }) => element).filter((element) => this.#registry(element) !== null),
    }
  }

  async start(request: SessionRequest): Promise<Started> {
    if (this.#running !== undefined || this.#starting)
      throw new CommandError('already-started', 'a session runs already')
    this.#starting = true
    this.#events.emit({ type: 'status', state: 'starting', reason: '' })
    try {
      return await this.#start(request)
    } finally {
      this.#starting = false
    }
  }

  async #start(request: SessionRequest): Promise<Started> {
    const { video, wish, source } = request
    const { candidate, facts } = await chooseEncoder(this.#registry, wish, async (one) => await this.#probe(one, video))
    this.#events.emit({ type: 'probing', name: '' })
    const { native, missing } = describeEncoder(candidate, video)
    const options = describeSession({
      source,
      video,
      encoder: native,
      audio: request.audio === null ? null : describeAudio(request.audio),
      inputDisplay: request.inputDisplay,
      stunServer: request.stunServer,
    })
    const session = this.#addon.openSession(options, (event) => this.#onNative(event))
    const running = this.#watch(session, candidate, video)
    this.#running = running
    try {
      await session.start()
    } catch (error) {
      const faults = running.startFaults ?? []
      this.#stopWatching()
      await session.close()
      throw startFailure(error, faults, source)
    }
    const faults = running.startFaults ?? []
    running.startFaults = undefined
    for (const fault of faults) this.#onFault(fault)
    this.#events.emit({ type: 'status', state: 'ready', reason: '' })
    return { encoder: facts, missing: [...missing], liveBitrate: candidate.record.liveBitrate }
  }

  #watch(session: NativeSession, candidate: Candidate, video: VideoSettings): Running {
    const nowMs = performance.now()
    const window = openWindow(nowMs, session.stats())
    return {
      session,
      startFaults: [],
      candidate,
      video,
      connected: false,
      stall: startOfStalls(nowMs),
      faults: [],
      window,
      figures: figuresOf(window, { nowMs, targetBitrateKbps: video.bitrateKbps }),
      restarting: undefined,
      timer: setInterval(() => this.#tick(), TICK_MS),
    }
  }

  #stopWatching(): void {
    clearInterval(this.#running?.timer)
    this.#running = undefined
  }

  async #probe(candidate: Candidate, video: VideoSettings): ReturnType<NativeAddon['probeEncoder']> {
    this.#events.emit({ type: 'probing', name: candidate.name })
    return await this.#addon.probeEncoder(describeProbe(candidate, video))
  }

  async probe({ video, wish, codecs }: CommandOf<'probe'>): Promise<ProbedEncoder[]> {
    const found: ProbedEncoder[] = []
    for (const codec of codecs) {
      const { candidates, rejected } = listCandidates(this.#registry, {
        ...wish,
        codec,
        element: '',
        fallback: 'allow',
      })
      for (const candidate of candidates) found.push(await this.#probed(candidate, video))
      for (const { name, reason } of rejected) {
        const record = ENCODERS.find(({ element }) => element === name.split(' ')[0])
        if (record === undefined) continue
        found.push({ name, codec, type: record.type, works: false, reason, encodeMs: 0, missing: [], quirks: [] })
      }
    }
    this.#events.emit({ type: 'probing', name: '' })
    return found
  }

  async #probed(candidate: Candidate, video: VideoSettings): Promise<ProbedEncoder> {
    const { name, record } = candidate
    const { missing } = describeEncoder(candidate, video)
    const result = await this.#probe(candidate, video).catch((error: unknown) => ({
      ok: false,
      reason: messageOf(error),
      encodeMsP50: 0,
    }))
    return {
      name,
      codec: record.codec,
      type: record.type,
      works: result.ok,
      reason: result.reason,
      encodeMs: result.encodeMsP50,
      missing: [...missing],
      quirks: [...record.quirks],
    }
  }

  async answer(sdp: string): Promise<void> {
    try {
      await this.#session().setAnswer(sdp)
    } catch (error) {
      throw new NestriError('ERR_SDP', { detail: messageOf(error) }, { cause: error })
    }
  }

  setBitrate(bitrateKbps: number): void {
    this.#session().setBitrate(bitrateKbps)
    const running = this.#running
    if (running !== undefined) running.video = { ...running.video, bitrateKbps }
  }

  requestKeyFrame(reason: 'join' | 'request' | 'drop'): void {
    this.#session().requestKeyFrame(reason)
  }

  input(viewer: string, message: Uint8Array): void {
    if (!this.#session().injectInput(viewer, message))
      throw new CommandError('invalid-input', 'no input message of ours')
  }

  addInputStream({ viewer, channel, streamId }: CommandOf<'input-stream'>): void {
    this.#session().addInputStream({ viewer, channel, streamId })
  }

  removeInputStream(streamId: number): void {
    this.#session().removeInputStream(streamId)
  }

  release(viewer: string): void {
    this.#session().releaseInput(viewer)
  }

  async restartEncoder(): Promise<void> {
    const running = this.#running
    if (running === undefined) throw notStarted()
    running.connected = false
    running.restarting ??= running.session
      .restartEncoder(describeEncoder(running.candidate, running.video).native)
      .finally(() => {
        running.restarting = undefined
      })
    await running.restarting
  }

  stats(): StreamStats {
    if (this.#running === undefined) throw notStarted()
    return this.#running.figures
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    const running = this.#running
    this.#stopWatching()
    await running?.session.close()
  }

  #session(): NativeSession {
    if (this.#running === undefined) throw notStarted()
    return this.#running.session
  }

  #onNative(event: NativeEvent): void {
    const { emit } = this.#events
    switch (event.type) {
      case 'offer':
        return emit({ type: 'offer', sdp: event.sdp })
      case 'connection':
        return this.#onConnection(event.state)
      case 'first-frame':
        return emit({ type: 'log', level: 'info', message: 'the first frame came out of the encoder' })
      case 'input-ready':
        return emit({ type: 'input-ready', streamId: event.streamId })
      case 'transition':
        return emit({ type: 'video-transition', stage: event.stage, before: event.before, after: event.after })
      case 'warning':
        return emit({ type: 'log', level: 'warn', message: `${event.element}: ${event.message}` })
      case 'error':
        return this.#onFault(event)
    }
  }

  #onConnection(state: Extract<NativeEvent, { type: 'connection' }>['state']): void {
    const running = this.#running
    if (running === undefined) return
    if (state === 'connected' && !running.connected) {
      this.#events.emit({ type: 'status', state: 'streaming', reason: '' })
    }
    running.connected = state === 'connected'
    this.#events.emit({ type: 'connection', state })
  }

  #onFault(fault: Fault): void {
    const running = this.#running
    const { part, element, message } = fault
    if (running?.startFaults !== undefined) {
      running.startFaults.push(fault)
      return
    }
    // A restart in progress tears the old pipeline down; what that one still says no longer matters.
    if (running === undefined || (part === 'encoder' && running.restarting !== undefined)) return
    const { state, action } = nextFault(running.faults, { part, nowMs: performance.now() })
    running.faults = state
    this.#events.emit({ type: 'log', level: 'error', message: `${part} failed in ${element}: ${message}` })
    if (action === 'restart-encoder') this.#restartOrEnd()
    if (action === 'fatal') this.#fatal(new NestriError('ERR_PIPELINE', { element, detail: message }), part)
  }

  #restartOrEnd(): void {
    this.restartEncoder().catch((error: unknown) => {
      const detail = messageOf(error)
      this.#fatal(new NestriError('ERR_PIPELINE', { element: 'encoder', detail }, { cause: error }), 'encoder')
    })
  }

  #fatal({ code, message }: NestriError, part: FaultyPart): void {
    if (this.#ended) return
    this.#ended = true
    const encoder = part === 'encoder' ? (this.#running?.candidate.name ?? '') : ''
    this.#events.onFatal({ code, message: message.slice(0, 4000), encoder })
  }

  #tick(): void {
    const running = this.#running
    if (running === undefined) return
    const nowMs = performance.now()
    const stats = running.session.stats()
    running.window = addSample(running.window, stats)
    // Half a tick of tolerance: timers are late, and a missed second would halve the rate of the figures.
    if (nowMs - running.window.startMs >= STATS_MS - TICK_MS / 2) {
      running.figures = figuresOf(running.window, { nowMs, targetBitrateKbps: running.video.bitrateKbps })
      running.window = openWindow(nowMs, stats)
      this.#events.emit({ type: 'stats', stats: running.figures })
    }
    const { state, actions } = nextStall(running.stall, { nowMs, ages: stats.ages, connected: running.connected })
    running.stall = state
    for (const action of actions) this.#cure(action)
  }

  #cure(action: StallAction): void {
    switch (action.kind) {
      case 'report': {
        const { stage, stalledMs, attempt } = action
        return this.#events.emit({ type: 'video-stall', stage, stalledMs, attempt })
      }
      case 'key-frame':
        return this.#session().requestKeyFrame('drop')
      case 'restart-encoder':
        return this.#restartOrEnd()
      case 'recovered':
        return this.#events.emit({ type: 'log', level: 'info', message: 'frames flow again' })
      case 'fatal':
        return this.#fatal(
          new NestriError('ERR_VIDEO_STALL', { seconds: Math.round(action.stalledMs / 1000), stage: action.stage }),
          action.stage === 'source' ? 'producer' : 'encoder',
        )
    }
  }
}

function notStarted(): CommandError {
  return new CommandError('not-started', 'no session was started')
}

function startFailure(error: unknown, faults: readonly Fault[], source: SessionRequest['source']): NestriError {
  const capture = faults.find(({ part }) => part === 'producer')
  const place = source.kind === 'x11' ? `X display ${source.display}` : source.kind
  return capture === undefined
    ? new NestriError('ERR_PIPELINE', { element: 'start', detail: messageOf(error) }, { cause: error })
    : new NestriError('ERR_CAPTURE', { source: place, detail: capture.message }, { cause: error })
}
