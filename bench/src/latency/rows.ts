// SPDX-License-Identifier: Apache-2.0
// The rows of the latency bench, with their targets, from what its starts measured. Pure.

import type { StreamStats } from '@nestri/protocol'
import { VIDEO_CODECS } from '@nestri/protocol'
import { distributionRow, type Row, valueRow } from '../report.ts'
import { median, significant } from '../stats.ts'
import type { Step } from './bitrate-step.ts'
import { captureToRtpMs, glassToGlassMs, ingestMbps, inputToPhotonMs, type Stages, stagesMs } from './samples.ts'
import type { Window } from './window.ts'

/** Everything that was measured, one entry per start. */
export interface Measured {
  /** 720p60 that is watched. */
  still: Window[]
  /** 720p60 that is played by keys. */
  played: Window[]
  /** 720p30 that is watched. */
  slow: Window[]
  steps: Step[]
  pliMs: number[][]
  joinMs: number[][]
}

const { payloadType } = VIDEO_CODECS.h264

interface Distribution {
  row: Parameters<typeof distributionRow>[0]
  /** Samples of each start. */
  starts: (measured: Measured) => number[][]
}

interface Value {
  row: Parameters<typeof valueRow>[0]
  /** One value of each start, or of each step. */
  values: (measured: Measured) => number[]
}

const PICTURE: readonly Distribution[] = [
  {
    row: {
      name: 'glass-to-glass 720p60',
      unit: 'ms',
      target: { p50: 32, p95: 42, p99: 60 },
      note: 'The program drew a frame (its clock is in the picture) until requestVideoFrameCallback ran for it in the player’s page.',
    },
    starts: ({ still }) => still.map(({ frames }) => glassToGlassMs(frames)),
  },
  {
    row: { name: 'glass-to-glass 720p30', unit: 'ms', note: 'The same at 30 frames a second.' },
    starts: ({ slow }) => slow.map(({ frames }) => glassToGlassMs(frames)),
  },
  {
    row: {
      name: 'input-to-photon 720p60',
      unit: 'ms',
      target: { p50: 50, p95: 75 },
      note: 'The key event’s own timestamp in the page until requestVideoFrameCallback ran for the first frame that counts the key.',
    },
    starts: ({ played }) => played.map(({ keysMs, frames }) => inputToPhotonMs(keysMs, frames)),
  },
  {
    row: {
      name: 'capture-to-rtp 720p60',
      unit: 'ms',
      target: { p50: 6, p99: 12 },
      note: 'abs-capture-time of a frame until its last RTP packet was on the wire, seen from outside.',
    },
    starts: ({ still }) => still.map(({ tapped }) => captureToRtpMs(tapped, payloadType)),
  },
]

const REQUESTS: readonly Distribution[] = [
  {
    row: {
      name: 'join',
      unit: 'ms',
      target: { p50: 500, p95: 900 },
      note: 'A fresh page makes its WebSocket until requestVideoFrameCallback ran for its first frame; the room is running, the page is loaded.',
    },
    starts: ({ joinMs }) => joinMs,
  },
  {
    row: {
      name: 'pli-to-idr',
      unit: 'ms',
      target: { p50: 30 },
      note: 'A viewer hands a picture loss indication to its socket until the first packet of a key frame came back (kernel timestamp).',
    },
    starts: ({ pliMs }) => pliMs,
  },
]

const VALUES: readonly Value[] = [
  {
    row: {
      name: 'bitrate-step',
      unit: 'Mbit/s',
      target: { value: 2.4 },
      note: 'RTP payload that left the runner in the 500 ms after its target fell from 6 to 2 Mbit/s.',
    },
    values: ({ steps }) => steps.map(({ mbps }) => mbps),
  },
  {
    row: {
      name: 'bitrate-step key frames',
      unit: 'frames',
      target: { value: 0 },
      note: 'Key frames that such a step made.',
    },
    values: ({ steps }) => steps.map(({ keyFrames }) => keyFrames),
  },
  cpu('runner-cpu', 'runner', {
    target: { value: 60 },
    note: 'User and system time of all processes of the runner but the X server and the game: supervisor, streamer, encoder process, sound server. Captured at twice the frame rate.',
  }),
  cpu('x-server-cpu', 'xServer', { note: 'Xvfb: it takes the program’s frames in and hands copies to the capture.' }),
  cpu('game-cpu', 'game', { note: 'The program that draws the picture.' }),
  {
    row: {
      name: 'runner-rss',
      unit: 'MiB',
      target: { value: 200 },
      note: 'Resident memory of the processes of runner-cpu, summed up.',
    },
    values: ({ still }) => still.map(({ runnerRssMib }) => runnerRssMib),
  },
  {
    row: {
      name: 'runner-pss',
      unit: 'MiB',
      note: 'The same, with each shared page counted once among those that share it.',
    },
    values: ({ still }) => still.map(({ runnerPssMib }) => runnerPssMib),
  },
  cpu('relay-cpu', 'relay', { note: 'All processes of the relay with one viewer.' }),
  cpu('browser-cpu', 'browser', { note: 'All processes of Chromium: it decodes in software and shares the machine.' }),
  cpu('others-cpu', 'others', {
    note: 'Everything else on the machine, the bench itself included: what disturbs the figures.',
  }),
  {
    row: {
      name: 'stream-bitrate 720p60',
      unit: 'Mbit/s',
      target: { atLeast: 4 },
      note: 'RTP payload of the video: the picture moves as a game’s does.',
    },
    values: ({ still }) =>
      still.map(({ tapped, startMs, seconds }) =>
        ingestMbps(tapped, payloadType, { fromMs: startMs, lengthMs: seconds * 1000 }),
      ),
  },
  {
    row: {
      name: 'frames-decoded 720p60',
      unit: '% of sent',
      target: { atLeast: 95 },
      note: 'Frames that Chromium decoded of those that left the runner.',
    },
    values: ({ still }) =>
      still.map(({ framesDecoded, tapped }) => (100 * framesDecoded) / captureToRtpMs(tapped, payloadType).length),
  },
]

const STAGES: readonly Distribution[] = [
  stage('drawn to captured', 'drawnToCaptured', 'Clock in the picture to abs-capture-time.'),
  stage('captured to sent', 'capturedToSent', 'abs-capture-time to the last packet on its way to the relay.'),
  stage('relay', 'relay', 'Last packet into the relay to the last packet out of it.'),
  stage(
    'received to decoded',
    'receivedToDecoded',
    'Last packet out of the relay to the decoded frame at the browser’s compositor (presentationTime).',
  ),
  stage(
    'decoded to presented',
    'decodedToPresented',
    'The compositor has the frame until requestVideoFrameCallback runs.',
  ),
]

/** Every row that there are figures for. */
export function latencyRows(measured: Measured): Row[] {
  const distributions = (specs: readonly Distribution[]): Row[] =>
    specs.flatMap(({ row, starts }) => {
      const samples = starts(measured)
      return samples.some((start) => start.length > 0) ? [distributionRow(row, samples)] : []
    })
  const values = VALUES.flatMap(({ row, values: read }) => {
    const found = read(measured)
    return found.length > 0 ? [valueRow(row, found)] : []
  })
  return [
    ...distributions(PICTURE),
    ...encodeRow(measured.still),
    ...distributions(REQUESTS),
    ...values,
    ...distributions(STAGES),
  ]
}

function cpu(name: string, part: keyof Window['cpu'], more: Partial<Value['row']>): Value {
  return {
    row: { name: `${name} 720p60`, unit: '% of a core', ...more },
    values: ({ still }) => still.map((window) => window.cpu[part]),
  }
}

function stage(name: string, part: keyof Stages, note: string): Distribution {
  return {
    row: { name: `stage ${name}`, unit: 'ms', note },
    starts: ({ still }) => still.map(({ frames, tapped }) => stagesMs(frames, tapped, payloadType)[part]),
  }
}

/** The streamer tells percentiles of each second; a start's figures are their medians. */
function encodeRow(windows: readonly Window[]): Row[] {
  const seconds = windows.flatMap(({ stats }) => (stats.length === 0 ? [] : [stats]))
  if (seconds.length === 0) return []
  const figure = (read: (stats: StreamStats) => number): number =>
    significant(median(seconds.map((stats) => median(stats.map(read)))))
  const [p50, p99] = [figure(({ encodeMsP50 }) => encodeMsP50), figure(({ encodeMsP99 }) => encodeMsP99)]
  const target = { p50: 4, p99: 10 }
  return [
    {
      name: 'encode 720p60',
      unit: 'ms',
      n: seconds.flat().length,
      p50,
      p99,
      target,
      ok: p50 <= target.p50 && p99 <= target.p99,
      note: 'Raw frame into the encoder until its access unit is out, as the streamer reports it each second (n = seconds); medians of the seconds’ percentiles.',
    },
  ]
}
