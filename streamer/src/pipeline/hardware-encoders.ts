// SPDX-License-Identifier: Apache-2.0
// Records of NVENC and VA-API encoders, for the property names of GStreamer 1.22 and 1.26. Names, units and limits are
// those that the elements register; what a driver really does is found out by the probe, not believed.

import { anyOf, setting } from './encoder-record.ts'
import type { EncoderRecord, GpuDevice, MemoryPath, PictureFacts, RateSettings, Setting } from './encoder-record.ts'
import { VBV_FRAMES } from './software-encoders.ts'

const NO_REORDERING = 'a reordered frame waits for the next one'
const NO_LOOKAHEAD = 'each frame looked ahead is a frame of latency'
const NO_DELIMITER = 'RTP marks the end of a frame'

/** Above this many pixels a second NVENC's fourth preset gets too slow for the frame time: 1440p at 120 Hz. */
const NVENC_FAST_ABOVE = 2560 * 1440 * 120

const CUDA_PATH: MemoryPath = {
  memory: 'CUDAMemory',
  from: 'system',
  feature: 'memory:CUDAMemory',
  needs: ['cudaupload', 'cudaconvert'],
  launch: 'cudaupload ! cudaconvert ! video/x-raw(memory:CUDAMemory),format=NV12',
}

const CUDA_ZERO_COPY: MemoryPath = {
  memory: 'CUDAMemory',
  from: 'CUDAMemory',
  feature: 'memory:CUDAMemory',
  needs: ['cudaconvert'],
  launch: 'cudaconvert ! video/x-raw(memory:CUDAMemory),format=NV12',
}

const SYSTEM_PATH: MemoryPath = {
  memory: 'system',
  from: 'system',
  feature: '',
  needs: ['videoconvert'],
  launch: 'videoconvert ! video/x-raw,format=NV12',
}

const VA_PATH: MemoryPath = {
  memory: 'VAMemory',
  from: 'system',
  feature: 'memory:VAMemory',
  needs: ['vapostproc'],
  launch: 'vapostproc ! video/x-raw(memory:VAMemory),format=NV12',
}

const VA_ZERO_COPY: MemoryPath = { ...VA_PATH, memory: 'DMABuf', from: 'DMABuf' }

const H264_CAPS = 'video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au'

function nvLowLatency({ widthPx, heightPx, framerateFps }: PictureFacts): readonly Setting[] {
  const fast = widthPx * heightPx * framerateFps > NVENC_FAST_ABOVE
  // Up to 1.22 the preset alone says what preset and tune say together later.
  const [preset, oldPreset] = fast ? ['preset=p1', 'preset=low-latency-hp'] : ['preset=p4', 'preset=low-latency-hq']
  return [
    anyOf([preset, oldPreset], 'the fastest preset that keeps the picture good'),
    anyOf(['tune=ultra-low-latency', oldPreset], 'no frame waits for another'),
    anyOf(['zerolatency=true', 'zero-reorder-delay=true'], NO_REORDERING),
    setting('multi-pass=two-pass-quarter', 'a quarter-size first pass makes the bitrate precise'),
    anyOf(['bframes=0', 'b-frames=0'], NO_REORDERING),
    setting('b-adapt=false', NO_REORDERING),
    setting('rc-lookahead=0', NO_LOOKAHEAD),
    setting('i-adapt=false', 'key frames come on request only'),
    setting('strict-gop=true', 'frames of equal size'),
    setting('repeat-sequence-header=true', 'whoever joins needs the parameter sets with the key frame'),
    setting('aud=false', NO_DELIMITER),
  ]
}

function nvHighQuality(): readonly Setting[] {
  return [
    anyOf(['preset=p6', 'preset=low-latency-hq'], 'quality goes first'),
    anyOf(['multi-pass=two-pass'], 'quality goes first'),
    setting('spatial-aq=true', 'bits go where the eye looks'),
  ]
}

function nvQuantizer({ quantizer }: RateSettings): readonly Setting[] {
  return [
    anyOf(['rc-mode=constqp', 'rate-control=cqp'], 'constant quantizer'),
    anyOf([`qp-const-i=${quantizer}`, `qp-i=${quantizer}`], 'constant quantizer'),
    anyOf([`qp-const-p=${quantizer}`, `qp-p=${quantizer}`], 'constant quantizer'),
  ]
}

const nvenc: Omit<EncoderRecord, 'element' | 'rank' | 'onDevice' | 'quirks'> = {
  codec: 'h264',
  type: 'hardware',
  vendors: ['nvidia'],
  paths: [CUDA_ZERO_COPY, CUDA_PATH, SYSTEM_PATH],
  bitrate: { property: 'bitrate', unit: 'kbit' },
  peakBitrate: { property: 'max-bitrate', unit: 'kbit', in: ['vbr'] },
  buffers: [{ property: 'vbv-buffer-size', unit: 'kbit', frames: VBV_FRAMES }],
  keyFrameDistance: { property: 'gop-size', infinite: -1 },
  lowLatency: nvLowLatency,
  highQuality: nvHighQuality,
  rateControl: {
    cbr: () => [anyOf(['rc-mode=cbr', 'rate-control=cbr'], 'constant bitrate')],
    vbr: () => [anyOf(['rc-mode=vbr', 'rate-control=vbr'], 'variable bitrate')],
    cqp: nvQuantizer,
  },
  outputCaps: H264_CAPS,
  liveBitrate: 'smooth',
}

const NVENC_QUIRKS = [
  'GeForce boards cap concurrent sessions: a failed open is a lack of room, not a broken encoder',
  'cards of the A100 and H100 class have no NVENC at all',
]

/** Names of NVENC's elements on the GPU with that CUDA index; the first GPU has the plain names. */
function onCudaDevice({ index }: GpuDevice): Readonly<Record<string, string>> {
  if (index === 0) return {}
  return {
    nvh264enc: `nvh264device${index}enc`,
    nvcudah264enc: `nvcudah264device${index}enc`,
    nvautogpuh264enc: `nvautogpuh264enc cuda-device-id=${index}`,
    cudaupload: `cudaupload cuda-device-id=${index}`,
    cudaconvert: `cudaconvert cuda-device-id=${index}`,
  }
}

const NVENC_ENCODERS: readonly EncoderRecord[] = [
  { ...nvenc, element: 'nvautogpuh264enc', rank: 60, onDevice: onCudaDevice, quirks: NVENC_QUIRKS },
  {
    ...nvenc,
    element: 'nvcudah264enc',
    rank: 55,
    onDevice: onCudaDevice,
    quirks: [...NVENC_QUIRKS, 'only up to GStreamer 1.22; later it is called nvh264enc'],
  },
  { ...nvenc, element: 'nvh264enc', rank: 50, onDevice: onCudaDevice, quirks: NVENC_QUIRKS },
]

function vaLowLatency(): readonly Setting[] {
  return [
    setting('target-usage=6', 'close to the fastest; 7 visibly costs quality on Intel'),
    setting('b-frames=0', NO_REORDERING),
    setting('ref-frames=1', 'fewer pictures to search'),
    setting('dct8x8=false', 'constrained baseline has none'),
    setting('cabac=false', 'constrained baseline has none'),
    setting('mbbrc=disabled', 'the bitrate is followed more closely'),
    setting('min-qp=20', 'a still picture must not spend bits on noise'),
    setting('aud=false', NO_DELIMITER),
  ]
}

const va: Omit<EncoderRecord, 'element' | 'rank' | 'quirks'> = {
  codec: 'h264',
  type: 'hardware',
  vendors: ['intel', 'amd'],
  paths: [VA_ZERO_COPY, VA_PATH, SYSTEM_PATH],
  bitrate: { property: 'bitrate', unit: 'kbit' },
  // A buffer below half a second of bitrate is replaced by two seconds of it, without a warning.
  buffers: [{ property: 'cpb-size', unit: 'kbit', frames: VBV_FRAMES, leastSeconds: 0.5 }],
  keyFrameDistance: { property: 'key-int-max', infinite: 1024, most: 1024 },
  lowLatency: vaLowLatency,
  highQuality: () => [setting('target-usage=3', 'quality goes first'), setting('mbbrc=enabled', 'quality goes first')],
  rateControl: {
    cbr: () => [setting('rate-control=cbr', 'constant bitrate')],
    vbr: ({ bitrateKbps, maxBitrateKbps }) => [
      setting('rate-control=vbr', 'variable bitrate'),
      // `bitrate` is the target; the peak is the target divided by this share.
      setting(
        `target-percentage=${Math.max(50, Math.min(100, Math.round((100 * bitrateKbps) / maxBitrateKbps)))}`,
        'variable bitrate',
      ),
    ],
    cqp: ({ quantizer }) => [
      setting('rate-control=cqp', 'constant quantizer'),
      setting(`qpi=${quantizer}`, 'constant quantizer'),
      setting(`qpp=${quantizer}`, 'constant quantizer'),
    ],
  },
  outputCaps: H264_CAPS,
  liveBitrate: 'key-frame',
  onDevice: ({ renderNode }) =>
    renderNode === '' || renderNode === 'renderD128'
      ? {}
      : {
          vah264enc: `va${renderNode}h264enc`,
          vah264lpenc: `va${renderNode}h264lpenc`,
          vapostproc: `va${renderNode}postproc`,
        },
}

const VA_QUIRKS = [
  'opens the driver again on a bitrate change: a key frame each time',
  'makes a key frame every 1024 frames at the latest',
  'ignores a rate-control buffer below half a second',
]

const VA_ENCODERS: readonly EncoderRecord[] = [
  { ...va, element: 'vah264enc', rank: 40, quirks: VA_QUIRKS },
  {
    ...va,
    element: 'vah264lpenc',
    rank: 45,
    quirks: [...VA_QUIRKS, 'the fixed-function unit of Intel: faster, and the only one on newer chips'],
  },
]

/** All hardware encoders. */
export const HARDWARE_ENCODERS: readonly EncoderRecord[] = [...NVENC_ENCODERS, ...VA_ENCODERS]
