// SPDX-License-Identifier: Apache-2.0
// An ordinary audio client for the sound journey: plays silence without end through `pacat`, and a tone of 100 ms as soon as
// a line arrives on standard input. Started as part of the game's command, so it sees only the game's environment.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const RATE = 48_000
const CHUNK_MS = 10
const CHUNK_FRAMES = (RATE * CHUNK_MS) / 1000
const SILENCE = Buffer.alloc(CHUNK_FRAMES * 4)
const TONE = Buffer.alloc(CHUNK_FRAMES * 4)
for (let i = 0; i < CHUNK_FRAMES; i++) {
  // 1 kHz: a whole number of periods fits into each chunk.
  const sample = Math.round(20_000 * Math.sin((2 * Math.PI * 1000 * i) / RATE))
  TONE.writeInt16LE(sample, i * 4)
  TONE.writeInt16LE(sample, i * 4 + 2)
}

const player = spawn(
  'pacat',
  ['--playback', '--raw', '--rate=48000', '--channels=2', '--format=s16le', '--latency-msec=20'],
  {
    stdio: ['pipe', 'inherit', 'inherit'],
  },
)
player.on('exit', (code) => process.exit(code ?? 1))
player.stdin.on('error', () => process.exit(1))

let toneChunks = 0
let written = 0
const startedAt = performance.now()
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line.startsWith('flash')) toneChunks = 100 / CHUNK_MS
  })
  .on('close', () => process.exit(0))

// Never more than two chunks ahead of real time: what waits in the pipe would be latency.
setInterval(() => {
  while (written * CHUNK_MS < performance.now() - startedAt + 2 * CHUNK_MS) {
    player.stdin.write(toneChunks > 0 ? TONE : SILENCE)
    toneChunks = Math.max(0, toneChunks - 1)
    written++
  }
}, CHUNK_MS / 2)
