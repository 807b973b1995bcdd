// SPDX-License-Identifier: Apache-2.0
// Steps of the target from 6 to 2 Mbit/s: how much really leaves the runner in the first half second, and whether the
// change costs a key frame.

import { setTimeout as wait } from 'node:timers/promises'
import type { StreamStats } from '@nestri/protocol'
import { VIDEO_CODECS } from '@nestri/protocol'
import { ingestMbps } from './samples.ts'
import { ROOM, type Scene } from './scene.ts'

export interface Step {
  /** Mbit/s of RTP payload over the 500 ms after the new target was sent. */
  mbps: number
  /** Mbit/s over the 500 ms before it. */
  beforeMbps: number
  /** Key frames that the step made. */
  keyFrames: number
}

const HIGH_KBPS = 6_000
const LOW_KBPS = 2_000
const WINDOW_MS = 500
/** Time that the encoder has for each level to settle. */
const SETTLE_MS = 2_500

/** Makes `count` steps. */
export async function measureSteps({ relay, proxy, tap }: Scene, count: number): Promise<Step[]> {
  const keyFrames = async (): Promise<number> => sum((await relay.room(ROOM))?.stats?.keyFrames)
  const steps: Step[] = []
  for (let i = 0; i < count; i++) {
    proxy.setTarget(HIGH_KBPS)
    await wait(SETTLE_MS)
    const keyFramesBefore = await keyFrames()
    await tap.frames()
    await wait(WINDOW_MS)
    const atMs = proxy.setTarget(LOW_KBPS)
    await wait(SETTLE_MS)
    const tapped = await tap.frames()
    const { payloadType } = VIDEO_CODECS.h264
    steps.push({
      mbps: ingestMbps(tapped, payloadType, { fromMs: atMs, lengthMs: WINDOW_MS }),
      beforeMbps: ingestMbps(tapped, payloadType, { fromMs: atMs - WINDOW_MS, lengthMs: WINDOW_MS }),
      keyFrames: (await keyFrames()) - keyFramesBefore,
    })
  }
  proxy.release()
  return steps
}

function sum(keyFrames: StreamStats['keyFrames'] | undefined): number {
  return Object.values(keyFrames ?? {}).reduce((total, one) => total + one, 0)
}
