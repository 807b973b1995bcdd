// SPDX-License-Identifier: Apache-2.0
// What the command loop drives: the addon, or a stub where the addon cannot be loaded. One backend lives as long as its
// process and runs at most one session.

import type { StreamStats } from '@nestri/protocol'
import type {
  Capabilities,
  CommandBody,
  EncoderEvent,
  Failure,
  ProbedEncoder,
  SessionRequest,
  Started,
} from './contract.ts'

/** The body of one command. */
export type CommandOf<T extends CommandBody['type']> = Extract<CommandBody, { type: T }>

/** A command that cannot be carried out, for a reason that is no fault of the program. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string

  /** @param code stable code of the reply, e.g. `not-started` */
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Methods throw or reject with CommandError or NestriError. */
export interface EncoderBackend extends AsyncDisposable {
  capabilities: () => Capabilities
  start: (session: SessionRequest) => Promise<Started>
  probe: (request: CommandOf<'probe'>) => Promise<ProbedEncoder[]>
  answer: (sdp: string) => Promise<void>
  /** Takes effect at the next frame. */
  setBitrate: (bitrateKbps: number) => void
  requestKeyFrame: (reason: 'join' | 'request' | 'drop') => void
  input: (viewer: string, message: Uint8Array) => void
  addInputStream: (stream: CommandOf<'input-stream'>) => void
  removeInputStream: (streamId: number) => void
  release: (viewer: string) => void
  restartEncoder: () => Promise<void>
  /** Figures of the last second. */
  stats: () => StreamStats
}

/** Where a backend tells what happens. */
export interface BackendEvents {
  emit: (event: EncoderEvent) => void
  /** The session cannot go on: the process is to end. Called at most once. */
  onFatal: (failure: Failure & { encoder: string }) => void
}
