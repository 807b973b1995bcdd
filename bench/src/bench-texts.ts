// SPDX-License-Identifier: Apache-2.0
// What docs/benchmarks.md says about each bench whatever its figures are, and which rows each picture shows.

import type { BenchText } from './markdown.ts'

export const BENCH_TEXTS: readonly BenchText[] = [
  {
    bench: 'latency',
    title: 'Latency of one room: `npm run bench:latency`',
    about: `A real relay and a real streamer carry the picture of a separate X11 program (game-like motion, a machine-readable
clock in its first rows) into a real Chromium on the same machine, over loopback. The page reads the clock of every presented
frame; keys are pressed in the page and come back as cells of the picture. Each start warms up for 20 s before its window
begins. A row's figures are the medians over the starts.`,
    plots: [
      {
        file: 'bench-glass-to-glass',
        title: 'Drawn pixel to presented frame, and key to presented frame',
        kind: 'distribution',
        rows: ['glass-to-glass 720p60', 'glass-to-glass 720p30', 'input-to-photon 720p60'],
      },
      {
        file: 'bench-stages',
        title: 'Where the glass-to-glass time of a 720p60 frame goes (medians of the stages)',
        kind: 'stages',
        rows: [
          'stage drawn to captured',
          'stage captured to sent',
          'stage relay',
          'stage received to decoded',
          'stage decoded to presented',
        ],
      },
      {
        file: 'bench-sender',
        title: 'Inside the runner: captured frame to its last RTP packet',
        kind: 'distribution',
        rows: ['capture-to-rtp 720p60'],
      },
      {
        file: 'bench-join',
        title: 'Joining a running room, and a key frame on request',
        kind: 'distribution',
        rows: ['join', 'pli-to-idr'],
      },
      {
        file: 'bench-cpu',
        title: 'CPU at 720p60, percent of one core',
        kind: 'bars',
        rows: ['runner-cpu 720p60', 'relay-cpu 720p60', 'x-server-cpu 720p60', 'game-cpu 720p60', 'browser-cpu 720p60'],
      },
    ],
  },
  {
    bench: 'fanout',
    title: 'Fan-out of one relay: `npm run bench:fanout`',
    about: `A real relay gets one stream of 60 frames a second (17 packets of 1200 bytes each, as a 10 Mbit/s encoder sends them)
through a real ICE, DTLS and SRTP connection and forwards it to independent receivers with real ICE, DTLS and SRTP
(AES-128-GCM) that decrypt every packet and send receiver reports and congestion feedback as a browser does. All processes
of the relay are pinned to CPU 0, the publisher and the receivers to CPU 1. The limit in the same run is a loop that
encrypts the same packets with OpenSSL and hands each to \`sendto\`, or a frame's packets for one viewer to one \`sendmsg\`.`,
    plots: [
      {
        file: 'bench-fanout-cpu',
        title: 'CPU per delivered packet, 50 viewers',
        kind: 'bars',
        rows: ['relay-cpu-per-packet', 'sendto-gcm-limit', 'segmented-gcm-limit'],
      },
      {
        file: 'bench-fanout-latency',
        title: 'Time of a frame inside the relay, towards the player',
        kind: 'distribution',
        rows: [
          'player-forward-latency 0 spectators',
          'player-forward-latency 10 spectators',
          'player-forward-latency 50 spectators',
        ],
      },
    ],
  },
]
