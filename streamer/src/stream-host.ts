// SPDX-License-Identifier: Apache-2.0
// Carries out what session.ts decides: owns the encoder process, the relay's socket and the timers. One instance runs one
// room until it ends.

import { CONNECT_TIMEOUT_MS, INGEST_VERSION, NestriError, roomWishes } from '@nestri/protocol'
import type { RunnerMessage } from '@nestri/protocol'
import { backoffMs, messageOf } from '@nestri/runtime'
import type { Logger } from '@nestri/runtime'
import { openGate, passTarget } from './bitrate-gate.ts'
import type { BitrateGate } from './bitrate-gate.ts'
import type { StreamerConfig } from './config.ts'
import { CommandError } from './encoder/backend.ts'
import type { CommandBody, EncoderEvent } from './encoder/contract.ts'
import { EncoderProcess } from './encoder-process.ts'
import { RelayLink } from './relay-link.ts'
import { openRunnerToken } from './runner-token.ts'
import type { RunnerToken } from './runner-token.ts'
import { sessionRequest } from './session-request.ts'
import { next, startSession } from './session.ts'
import type { Effect, SessionEnd, SessionEvent, SessionState, Step } from './session.ts'

/** Waits before the encoder process, or its webrtcbin, is started again. */
const START_BACKOFF = { baseMs: 250, maxMs: 5_000 }

export interface StreamStatus {
  type: 'status'
  state: 'starting' | 'connecting' | 'streaming' | 'stopped'
  reason: string
}

export interface StreamHostOptions {
  config: StreamerConfig
  log: Logger
  onStatus: (status: StreamStatus) => void
  /** Arguments of the encoder process, for tests. */
  encoderArgs?: readonly string[]
}

export class StreamHost implements AsyncDisposable {
  readonly #options: StreamHostOptions
  readonly #link: RelayLink
  readonly #token: RunnerToken
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #ended: PromiseWithResolvers<SessionEnd> = Promise.withResolvers()
  #state: SessionState
  #encoder: EncoderProcess | undefined
  #closing: Promise<void> = Promise.resolve()
  #gate: BitrateGate
  #gateTimer: NodeJS.Timeout | undefined

  /** @throws {ExitError} 78 where the token's file cannot be read */
  constructor(options: StreamHostOptions) {
    const { settings } = options.config
    this.#options = options
    this.#gate = openGate(settings.videoBitrateKbps, performance.now())
    this.#token = openRunnerToken({
      token: settings.token,
      tokenFile: settings.tokenFile,
      log: options.log,
      onRenewed: (token) => void this.#link.send({ type: 'renew', token }),
    })
    this.#link = new RelayLink({
      relayUrl: settings.relayUrl ?? '',
      announce: () => this.#announce(),
      log: options.log,
      onAdmitted: () => this.#dispatch({ type: 'admitted' }),
      onMessage: (message) => this.#dispatch({ type: 'relay-message', message }),
      onLost: (reason) => this.#dispatch({ type: 'relay-lost', reason }),
    })
    this.#state = { kind: 'stopped' }
  }

  /** Runs until the session ends or `signal` aborts. */
  async run(signal: AbortSignal): Promise<SessionEnd> {
    const stop = (): void => this.#dispatch({ type: 'stop', reason: 'the runner was asked to end' })
    signal.addEventListener('abort', stop, { once: true })
    this.#apply(startSession())
    this.#link.open()
    if (signal.aborted) stop()
    const end = await this.#ended.promise
    signal.removeEventListener('abort', stop)
    return end
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    clearTimeout(this.#gateTimer)
    this.#token[Symbol.dispose]()
    this.#link.close()
    this.#leaveEncoder()
    await this.#closing
  }

  #announce(): RunnerMessage {
    const { settings } = this.#options.config
    const token = this.#token.current()
    const encoder = this.#state.kind === 'running' ? this.#state.encoder : undefined
    return {
      type: 'announce',
      version: INGEST_VERSION,
      room: settings.room ?? '',
      epoch: settings.epoch,
      ...(token === undefined ? { wishes: roomWishes(settings) } : { token }),
      bitrate: {
        minKbps: settings.videoMinBitrateKbps,
        startKbps: settings.videoBitrateKbps,
        maxKbps: settings.videoMaxBitrateKbps,
      },
      encoder: encoder?.kind === 'up' ? encoder.facts : null,
    }
  }

  #dispatch(event: SessionEvent): void {
    this.#apply(next(this.#state, event))
  }

  #apply({ state, effects }: Step): void {
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'start-encoder':
        this.#leaveEncoder()
        return this.#later(waitOf(effect.failures), () => this.#startEncoder(effect.excluded))
      case 'restart-encoder':
        return this.#later(waitOf(effect.failures), () => this.#restartEncoder())
      case 'command':
        return this.#command(effect.body)
      case 'target':
        return this.#onTarget(effect.bitrateKbps)
      case 'send':
        this.#link.send(effect.message)
        return
      case 'await-media':
        return this.#later(CONNECT_TIMEOUT_MS, () =>
          this.#dispatch({ type: 'media-timeout', negotiation: effect.negotiation }),
        )
      case 'status': {
        const { state, reason } = effect
        this.#options.log.info({ state, ...(reason === '' ? {} : { reason }) }, 'streamer state')
        return this.#options.onStatus({ type: 'status', state, reason })
      }
      case 'end':
        return this.#ended.resolve(effect.end)
    }
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#state.kind === 'running') action()
    }, ms)
    this.#timers.add(timer)
  }

  #startEncoder(excluded: Extract<Effect, { kind: 'start-encoder' }>['excluded']): void {
    const { config, log, encoderArgs = [] } = this.#options
    const isCurrent = (): boolean => this.#encoder === encoder
    const encoder: EncoderProcess = new EncoderProcess({
      env: config.encoderEnv,
      args: encoderArgs,
      log,
      onEvent: (event) => {
        if (isCurrent()) this.#onEncoderEvent(event)
      },
      onEnded: ({ reason, crashed }) => {
        if (!isCurrent()) return
        log.error({ reason, crashed }, 'encoder process ended')
        this.#dispatch({ type: 'encoder-ended', reason, crashed })
      },
    })
    this.#encoder = encoder
    const { currentKbps: bitrateKbps } = this.#gate
    const start = async (): Promise<void> => {
      const capabilities = await encoder.hello()
      log.info({ capabilities, pid: encoder.pid }, 'encoder process started')
      const started = await encoder.start(sessionRequest(config.settings, config.machine, { bitrateKbps, excluded }))
      if (!isCurrent()) return
      log.info({ encoder: started.encoder, missing: started.missing }, 'encoder chosen')
      this.#dispatch({ type: 'encoder-started', started })
    }
    start().catch((error: unknown) => {
      // An ended process is told by onEnded.
      if (!isCurrent() || (error instanceof CommandError && error.code === 'gone')) return
      log.error({ err: error }, 'encoder could not be started')
      const code = error instanceof CommandError || error instanceof NestriError ? error.code : 'failed'
      this.#dispatch({ type: 'encoder-refused', code, message: messageOf(error) })
    })
  }

  /** Lets go of the current process, if any; what it still says no longer matters. */
  #leaveEncoder(): void {
    const encoder = this.#encoder
    this.#encoder = undefined
    if (encoder === undefined) return
    this.#closing = Promise.all([this.#closing, encoder[Symbol.asyncDispose]()]).then(() => undefined)
  }

  #restartEncoder(): void {
    const encoder = this.#encoder
    encoder?.request({ type: 'restart-encoder' }).then(
      () => this.#dispatch({ type: 'restarted', ok: true }),
      (error: unknown) => this.#onCommandFailed(encoder, 'restart-encoder', error),
    )
  }

  #command(body: CommandBody): void {
    const encoder = this.#encoder
    encoder?.request(body).catch((error: unknown) => this.#onCommandFailed(encoder, body.type, error))
  }

  #onCommandFailed(encoder: EncoderProcess, type: CommandBody['type'], error: unknown): void {
    if (this.#encoder !== encoder || (error instanceof CommandError && error.code === 'gone')) return
    this.#options.log.warn({ err: error, type }, 'command of the encoder failed')
    if (error instanceof CommandError && error.code === 'timeout') encoder.kill()
    else if (type === 'answer') this.#dispatch({ type: 'answer-failed', reason: messageOf(error) })
    else if (type === 'restart-encoder') this.#dispatch({ type: 'restarted', ok: false })
  }

  #onEncoderEvent(event: EncoderEvent): void {
    const { log } = this.#options
    switch (event.type) {
      case 'log':
        log[event.level]({ from: 'encoder' }, event.message)
        break
      case 'video-stall':
        log.warn({ stage: event.stage, stalledMs: event.stalledMs, attempt: event.attempt }, 'no picture')
        break
      case 'error':
        log.error({ code: event.code, reason: event.message }, 'encoder gave up')
        break
      case 'video-transition':
        log.debug({ stage: event.stage, before: event.before, after: event.after }, 'format changed')
        break
      case 'connection':
        log.debug({ connection: event.state }, 'media connection')
        break
      case 'probing':
      case 'input-ready':
        log.debug({ event }, 'encoder process')
        break
      case 'status':
      case 'offer':
      case 'stats':
        break
    }
    this.#dispatch({ type: 'encoder-event', event })
  }

  #onTarget(targetKbps: number): void {
    if (this.#state.kind !== 'running' || this.#state.encoder.kind !== 'up') return
    clearTimeout(this.#gateTimer)
    const { videoMinBitrateKbps: minKbps, videoMaxBitrateKbps: maxKbps } = this.#options.config.settings
    const { gate, decision } = passTarget(this.#gate, {
      targetKbps,
      range: { minKbps, maxKbps },
      live: this.#state.encoder.liveBitrate,
      nowMs: performance.now(),
    })
    this.#gate = gate
    if (decision.kind === 'set') this.#command({ type: 'bitrate', bitrateKbps: decision.bitrateKbps })
    if (decision.kind === 'wait') this.#gateTimer = setTimeout(() => this.#onTarget(targetKbps), decision.ms)
  }
}

function waitOf(failures: number): number {
  return failures === 0 ? 0 : backoffMs(failures - 1, START_BACKOFF)
}
