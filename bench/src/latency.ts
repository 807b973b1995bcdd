// SPDX-License-Identifier: Apache-2.0
// `npm run bench:latency`: one room from a drawn pixel to a presented frame and from a key to its picture, through the
// real relay into a real Chromium. Each start starts everything anew, because the phases of its timers are a lottery.

import { setTimeout as wait } from 'node:timers/promises'
import { VIDEO_CODECS } from '@nestri/protocol'
import { measureSteps, type Step } from './latency/bitrate-step.ts'
import { measureJoins } from './latency/joins.ts'
import { latencyRows, type Measured } from './latency/rows.ts'
import { startRecording } from './latency/page-reader.ts'
import { openScene, ROOM, type Scene } from './latency/scene.ts'
import { glassToGlassMs, ingestMbps } from './latency/samples.ts'
import { measureWindow, type Window } from './latency/window.ts'
import { readOptions, wants } from './options.ts'
import { percentiles } from './stats.ts'
import { buildNativePrograms } from './support/native-programs.ts'
import { Receivers } from './support/receivers.ts'
import { progress, runBench } from './support/run-bench.ts'

const PARTS = ['720p60', '720p30', 'input', 'join', 'pli', 'bitrate-step'] as const
const PLIS_PER_START = 20
const JOINS_PER_START = 20
const STEPS_PER_START = 3
/** Above the origin's throttle of 500 ms, with a remainder that fits no frame rate. */
const BETWEEN_PLIS_MS = 700

const options = readOptions('latency', PARTS, { starts: 3, seconds: 30, warmUpSeconds: 20 }, process.argv.slice(2))
/** CPU of programs that are not ours above which a window's figures are worth little, in percent of a core. */
const BUSY_PERCENT = 25
/** A quick run makes fewer samples of everything. */
const share = options.seconds < 10 ? 0.2 : 1

async function measure720p60(measured: Measured): Promise<void> {
  await using scene = await openScene(60)
  await startRecording(scene.page)
  await wait(options.warmUpSeconds * 1000)
  if (wants(options, '720p60')) measured.still.push(describe(await measureWindow(scene, options.seconds, false)))
  if (wants(options, 'input')) measured.played.push(describe(await measureWindow(scene, options.seconds, true)))
  if (wants(options, 'bitrate-step')) {
    const steps = await measureSteps(scene, Math.ceil(STEPS_PER_START * share))
    progress(steps.map(describeStep).join('; '))
    measured.steps.push(...steps)
  }
  if (wants(options, 'pli')) measured.pliMs.push(await measurePlis(scene))
  if (wants(options, 'join')) {
    const link = await scene.relay.link(ROOM, 'spectator')
    measured.joinMs.push(await measureJoins(scene.browser, link, Math.ceil(JOINS_PER_START * share)))
  }
}

async function measure720p30(measured: Measured): Promise<void> {
  await using scene = await openScene(30)
  await startRecording(scene.page)
  await wait(options.warmUpSeconds * 1000)
  measured.slow.push(describe(await measureWindow(scene, options.seconds, false)))
}

/** Requests of a spectator that is no browser, one at a time. */
async function measurePlis({ relay }: Scene): Promise<number[]> {
  await using receivers = new Receivers()
  const id = await receivers.join(relay, ROOM, 'spectator')
  const times: number[] = []
  for (let i = 0; i < Math.ceil(PLIS_PER_START * share); i++) {
    await wait(BETWEEN_PLIS_MS + 40 * Math.random())
    times.push(await receivers.pliToKeyFrameMs(id))
  }
  return times
}

/** Tells the window's main figures while the bench runs. */
function describe(window: Window): Window {
  const { frames, framesDecoded, tapped, startMs, seconds, runnerDetails, cpu } = window
  const { p50, p95, p99 } = percentiles(glassToGlassMs(frames))
  const mbps = ingestMbps(tapped, VIDEO_CODECS.h264.payloadType, { fromMs: startMs, lengthMs: seconds * 1000 })
  const shown = `${frames.length} presented, ${framesDecoded} decoded in ${seconds.toFixed(1)} s, ${mbps.toFixed(1)} Mbit/s`
  if (cpu.others > BUSY_PERCENT)
    progress(`others use ${cpu.others.toFixed(0)} % of a core: these figures are disturbed`)
  progress(`glass to glass ${[p50, p95, p99].map((ms) => ms.toFixed(1)).join(' / ')} ms, ${shown}`)
  for (const line of runnerDetails) progress(`  ${line}`)
  return window
}

function describeStep({ beforeMbps, mbps, keyFrames }: Step): string {
  return `step ${beforeMbps.toFixed(2)} -> ${mbps.toFixed(2)} Mbit/s, ${keyFrames} key frames`
}

await buildNativePrograms()
await runBench('latency', options, async (save) => {
  const measured: Measured = { still: [], played: [], slow: [], steps: [], pliMs: [], joinMs: [] }
  for (let i = 0; i < options.starts; i++) {
    progress(`start ${i + 1} of ${options.starts}`)
    if (PARTS.some((part) => part !== '720p30' && wants(options, part))) await measure720p60(measured)
    if (wants(options, '720p30')) await measure720p30(measured)
    await save(latencyRows(measured))
  }
  return latencyRows(measured)
})
