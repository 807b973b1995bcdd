// SPDX-License-Identifier: Apache-2.0
// The real encoder process with everything that it tells.

import { createLogger, waitFor } from '@nestri/runtime'
import type { EncoderEvent } from '../../src/encoder/contract.ts'
import { EncoderProcess } from '../../src/encoder-process.ts'
import { ordinaryEnv } from './environment.ts'

export interface TestEncoder extends AsyncDisposable {
  process: EncoderProcess
  events: EncoderEvent[]
  /** Why it ended, once it has. */
  ended: () => { reason: string; crashed: boolean } | undefined
  /** Waits for the next event of a type after `after` events of it. */
  next: <T extends EncoderEvent['type']>(type: T, after?: number) => Promise<Extract<EncoderEvent, { type: T }>>
  waitForEnd: () => Promise<{ reason: string; crashed: boolean }>
}

/** Starts the encoder process. @param args e.g. `--backend=stub` */
export function startEncoder(args: readonly string[] = [], env: Record<string, string> = {}): TestEncoder {
  const events: EncoderEvent[] = []
  let end: { reason: string; crashed: boolean } | undefined
  const encoder = new EncoderProcess({
    env: { ...ordinaryEnv(), ...env },
    args,
    log: createLogger('test', 'silent'),
    onEvent: (event) => events.push(event),
    onEnded: (how) => {
      end = how
    },
  })
  return {
    process: encoder,
    events,
    ended: () => end,
    next: async (type, after = 0) => {
      const found = await waitFor(() => events.filter((event) => event.type === type)[after], {
        what: `${type} of the encoder`,
        deadlineMs: 20_000,
        everyMs: 20,
      })
      return found as Extract<EncoderEvent, { type: typeof type }>
    },
    waitForEnd: async () =>
      await waitFor(() => end, { what: 'the end of the encoder', deadlineMs: 10_000, everyMs: 20 }),
    [Symbol.asyncDispose]: async () => await encoder[Symbol.asyncDispose](),
  }
}
