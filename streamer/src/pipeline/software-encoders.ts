// SPDX-License-Identifier: Apache-2.0
// Records of the encoders that run on the processor. Every value here was measured on 720p60 with GStreamer 1.22 and
// 1.26: x264enc is the only one that leaves room for a game on two cores, vp8enc is the choice without H.264's licence.

import { setting } from './encoder-record.ts'
import type { EncoderRecord, MemoryPath, PictureFacts } from './encoder-record.ts'

/** More slices than four make Chromium's decoder slower, and each slice costs bits. */
const MOST_THREADS = 4

/** Frame times of rate-control buffer: one caps a key frame at one frame time of link, 1.5 keeps text readable. */
export const VBV_FRAMES = 1.5

function threads({ cores }: PictureFacts): number {
  return Math.max(1, Math.min(MOST_THREADS, cores))
}

/** Threads of libvpx wait for each other by spinning: two of them on two busy cores were seen to take ten times as long as one. */
function vp8Threads({ cores }: PictureFacts): number {
  return cores >= 4 ? 2 : 1
}

/** The number that means "never" to elements that only take a distance. */
const NEVER = 2 ** 31 - 1

function converted(format: string): MemoryPath {
  return {
    memory: 'system',
    from: 'system',
    feature: '',
    needs: ['videoconvert'],
    launch: `videoconvert ! video/x-raw,format=${format}`,
  }
}

const NO_REORDERING = 'a reordered frame waits for the next one'
const NO_LOOKAHEAD = 'each frame looked ahead is a frame of latency'
const PARALLEL = 'slices of one frame are encoded at the same time, whole frames never wait for each other'
const ON_DEMAND = 'key frames come on request only'

const H264_CAPS = 'video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au'

const x264: EncoderRecord = {
  element: 'x264enc',
  codec: 'h264',
  type: 'software',
  vendors: [],
  rank: 30,
  paths: [converted('NV12')],
  bitrate: { property: 'bitrate', unit: 'kbit' },
  buffers: [{ property: 'vbv-buf-capacity', unit: 'ms', frames: VBV_FRAMES }],
  keyFrameDistance: { property: 'key-int-max', infinite: NEVER },
  lowLatency: (picture) => [
    setting('tune=zerolatency', 'a frame goes out before the next one comes in'),
    setting('speed-preset=ultrafast', 'the game needs the processor more'),
    setting(`threads=${threads(picture)}`, PARALLEL),
    setting('sliced-threads=true', PARALLEL),
    setting('bframes=0', NO_REORDERING),
    setting('b-adapt=false', NO_REORDERING),
    setting('ref=1', 'fewer pictures to search'),
    setting('rc-lookahead=0', NO_LOOKAHEAD),
    setting('sync-lookahead=0', NO_LOOKAHEAD),
    setting('mb-tree=false', NO_LOOKAHEAD),
    setting('dct8x8=false', 'constrained baseline has none'),
    setting('aud=false', 'RTP marks the end of a frame'),
    setting('option-string=scenecut=0', ON_DEMAND),
  ],
  highQuality: () => [setting('speed-preset=veryfast', 'quality goes first'), setting('ref=2', 'quality goes first')],
  rateControl: {
    cbr: () => [setting('pass=cbr', 'constant bitrate')],
    // Constant quality under the ceiling that `bitrate` and the buffer set: quiet scenes cost less than the ceiling.
    vbr: ({ quantizer }) => [
      setting('pass=qual', 'capped quality'),
      setting(`quantizer=${quantizer}`, 'capped quality'),
    ],
    cqp: ({ quantizer }) => [
      setting('pass=quant', 'constant quantizer'),
      setting(`quantizer=${quantizer}`, 'constant quantizer'),
    ],
  },
  outputCaps: H264_CAPS,
  liveBitrate: 'smooth',
  quirks: [
    'shifts timestamps by 1000 h: compare running times, never raw ones',
    'spends less than asked on easy content',
  ],
}

const openh264: EncoderRecord = {
  element: 'openh264enc',
  codec: 'h264',
  type: 'software',
  vendors: [],
  rank: 20,
  paths: [converted('I420')],
  bitrate: { property: 'bitrate', unit: 'bit' },
  // Without a peak above every later bitrate, a change fails the next frame and makes a key frame.
  peakBitrate: { property: 'max-bitrate', unit: 'bit', in: ['cbr', 'vbr', 'cqp'] },
  buffers: [],
  keyFrameDistance: { property: 'gop-size', infinite: 0 },
  lowLatency: (picture) => [
    setting('usage-type=camera', 'screen mode spends half of the bitrate and makes key frames unasked'),
    setting('complexity=low', 'the game needs the processor more'),
    setting('scene-change-detection=false', ON_DEMAND),
    setting('background-detection=false', 'costs time and helps cameras only'),
    setting('adaptive-quantization=false', 'costs time'),
    setting('enable-denoise=false', 'costs time'),
    setting('enable-frame-skip=false', 'a skipped frame is a stutter'),
    setting('slice-mode=n-slices', PARALLEL),
    setting(`num-slices=${threads(picture)}`, PARALLEL),
    setting(`multi-thread=${threads(picture)}`, PARALLEL),
  ],
  highQuality: () => [setting('complexity=high', 'quality goes first')],
  rateControl: {
    cbr: () => [setting('rate-control=bitrate', 'constant bitrate')],
    vbr: () => [setting('rate-control=quality', 'variable bitrate')],
    cqp: ({ quantizer }) => [
      setting('rate-control=off', 'constant quantizer'),
      setting(`qp-min=${quantizer}`, 'constant quantizer'),
      setting(`qp-max=${quantizer}`, 'constant quantizer'),
    ],
  },
  outputCaps: H264_CAPS,
  liveBitrate: 'smooth',
  quirks: ['has no rate-control buffer: key frames are larger than those of x264enc'],
}

/** Quantizers of VP8 go to 63, those of H.264 to 51. */
function vp8Quantizer(quantizer: number): number {
  return Math.round((quantizer * 63) / 51)
}

const vp8: EncoderRecord = {
  element: 'vp8enc',
  codec: 'vp8',
  type: 'software',
  vendors: [],
  rank: 30,
  paths: [converted('I420')],
  bitrate: { property: 'target-bitrate', unit: 'bit' },
  buffers: [
    { property: 'buffer-size', unit: 'ms', frames: VBV_FRAMES },
    { property: 'buffer-initial-size', unit: 'ms', frames: 1 },
    { property: 'buffer-optimal-size', unit: 'ms', frames: 1 },
  ],
  keyFrameDistance: { property: 'keyframe-max-dist', infinite: NEVER },
  lowLatency: (picture) => [
    setting('deadline=1', 'realtime mode'),
    setting(
      'cpu-used=-8',
      'the fastest speed that still reaches a low bitrate; from -10 on hard pictures take twice as much',
    ),
    setting('keyframe-mode=disabled', ON_DEMAND),
    setting('lag-in-frames=0', NO_LOOKAHEAD),
    setting('auto-alt-ref=false', NO_REORDERING),
    setting(`threads=${vp8Threads(picture)}`, 'more threads spin against the game'),
    setting('token-partitions=2', 'lets the decoder work in parallel'),
    setting('max-intra-bitrate=250', 'bounds a key frame, in percent of a frame'),
    setting('overshoot=25', 'follows the bitrate closely'),
    setting('undershoot=95', 'follows the bitrate closely'),
    setting('static-threshold=0', 'small movements stay visible'),
    setting('resize-allowed=false', 'the size never changes unasked'),
    setting('dropframe-threshold=0', 'a skipped frame is a stutter'),
    setting('error-resilient=default', 'a lost frame does not spoil the entropy coder'),
  ],
  highQuality: () => [setting('cpu-used=-4', 'quality goes first')],
  rateControl: {
    cbr: () => [setting('end-usage=cbr', 'constant bitrate')],
    vbr: () => [setting('end-usage=vbr', 'variable bitrate')],
    cqp: ({ quantizer }) => [
      setting('end-usage=cq', 'constant quantizer'),
      setting(`cq-level=${vp8Quantizer(quantizer)}`, 'constant quantizer'),
      setting(`min-quantizer=${vp8Quantizer(quantizer)}`, 'constant quantizer'),
      setting(`max-quantizer=${vp8Quantizer(quantizer)}`, 'constant quantizer'),
    ],
  },
  outputCaps: 'video/x-vp8',
  liveBitrate: 'smooth',
  quirks: ['encode time varies more than that of x264enc'],
}

const x265: EncoderRecord = {
  element: 'x265enc',
  codec: 'h265',
  type: 'software',
  vendors: [],
  rank: 10,
  paths: [converted('I420')],
  bitrate: { property: 'bitrate', unit: 'kbit' },
  buffers: [],
  keyFrameDistance: { property: 'key-int-max', infinite: NEVER },
  lowLatency: () => [
    setting('tune=zerolatency', 'a frame goes out before the next one comes in'),
    setting('speed-preset=ultrafast', 'the game needs the processor more'),
    setting('option-string=scenecut=0:bframes=0:rc-lookahead=0', ON_DEMAND),
  ],
  highQuality: () => [setting('speed-preset=superfast', 'quality goes first')],
  rateControl: {
    cbr: () => [],
    vbr: () => [],
    cqp: ({ quantizer }) => [setting(`qp=${quantizer}`, 'constant quantizer')],
  },
  outputCaps: 'video/x-h265,profile=main,stream-format=byte-stream,alignment=au',
  liveBitrate: 'smooth',
  quirks: ['too slow for 60 fps on two cores', 'no relay carries H.265'],
}

/** All software encoders. */
export const SOFTWARE_ENCODERS: readonly EncoderRecord[] = [x264, openh264, vp8, x265]
