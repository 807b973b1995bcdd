// SPDX-License-Identifier: Apache-2.0
// Speaks the contract where the addon cannot be loaded: says so in its capabilities and fails every start at once with
// the reason, so that nobody waits for a picture that cannot come.

import { NestriError } from '@nestri/protocol'
import { CommandError } from './backend.ts'
import type { EncoderBackend } from './backend.ts'
import { ENCODER_CONTRACT_VERSION } from './contract.ts'
import type { Capabilities } from './contract.ts'

/** @param reason why the addon is not used; empty when the stub itself was asked for */
export function openStubBackend(reason: string): EncoderBackend {
  const detail = reason === '' ? 'the stub was asked for' : reason
  const unavailable = (): never => {
    throw new NestriError('ERR_ADDON', { detail })
  }
  const notStarted = (): never => {
    throw new CommandError('not-started', 'no session was started')
  }
  const capabilities: Capabilities = {
    version: ENCODER_CONTRACT_VERSION,
    backend: 'stub',
    requestedBackend: reason === '' ? 'stub' : 'gstreamer',
    fallbackReason: reason,
    gstreamer: '',
    encoders: [],
  }
  return {
    capabilities: () => capabilities,
    start: async () => unavailable(),
    probe: async () => unavailable(),
    answer: async () => notStarted(),
    setBitrate: notStarted,
    requestKeyFrame: notStarted,
    input: notStarted,
    addInputStream: notStarted,
    removeInputStream: notStarted,
    release: notStarted,
    restartEncoder: async () => notStarted(),
    stats: notStarted,
    [Symbol.asyncDispose]: async () => {},
  }
}
