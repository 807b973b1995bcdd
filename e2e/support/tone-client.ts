// SPDX-License-Identifier: Apache-2.0
// An ordinary audio client for the sound journey: plays silence without end through `pacat`, and a tone of 100 ms as soon as
// a line arrives on standard input. Started as part of the game's command, so it sees only the game's environment.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

// A format so wide that the pipe to `pacat` holds about 20 ms of it: what waits there would be latency of this test.
const RATE = 96_000
const CHANNELS = 8
const CHUNK_MS = 10
const CHUNK_FRAMES = (RATE * CHUNK_MS) / 1000
const SILENCE = Buffer.alloc(CHUNK_FRAMES * CHANNELS * 4)
const TONE = Buffer.alloc(CHUNK_FRAMES * CHANNELS * 4)
for (let i = 0; i < CHUNK_FRAMES; i++) {
  // 1 kHz: a whole number of periods fits into each chunk.
  const sample = 0.6 * Math.sin((2 * Math.PI * 1000 * i) / RATE)
  for (let channel = 0; channel < CHANNELS; channel++) TONE.writeFloatLE(sample, (i * CHANNELS + channel) * 4)
}

const player = spawn(
  'pacat',
  [
    '--playback',
    '--raw',
    `--rate=${RATE}`,
    `--channels=${CHANNELS}`,
    '--format=float32le',
    '--latency-msec=20',
    '--verbose',
  ],
  { stdio: ['pipe', 'inherit', 'pipe'] },
)
player.on('exit', (code) => process.exit(code ?? 1))
player.stdin.on('error', () => process.exit(1))
createInterface({ input: player.stderr }).on('line', (line) => {
  // Not before: what is written while the stream is being made would wait in front of every tone.
  if (/successfully created/i.test(line)) play()
})

let toneChunks = 0
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line.startsWith('flash')) toneChunks = 100 / CHUNK_MS
  })
  .on('close', () => process.exit(0))

/** Writes in real time, never more than two chunks ahead; time that was missed is not made up for, it would be latency. */
function play(): void {
  let writtenUntilMs = performance.now()
  setInterval(() => {
    const nowMs = performance.now()
    writtenUntilMs = Math.max(writtenUntilMs, nowMs)
    while (writtenUntilMs < nowMs + 2 * CHUNK_MS) {
      // A player that does not keep up loses sound, it does not get late.
      if (player.stdin.writableLength === 0) player.stdin.write(toneChunks > 0 ? TONE : SILENCE)
      toneChunks = Math.max(0, toneChunks - 1)
      writtenUntilMs += CHUNK_MS
    }
  }, CHUNK_MS / 2)
}
