// SPDX-License-Identifier: Apache-2.0
// What gst-inspect-1.0 shows of encoders, for machines that the tests do not have: NVIDIA and VA-API GPUs under GStreamer
// 1.22 and 1.26. Only properties that a record could set are listed.

import type { NativeElement, NativeProperty } from '../../src/native.ts'
import type { Registry } from '../../src/pipeline/choose.ts'

/** Enum values, or a range, or a type without either. */
type Property = readonly string[] | readonly [minimum: number, maximum: number] | 'gboolean' | 'gchararray'

const INT_MAX = 2 ** 31 - 1
const UINT_MAX = 2 ** 32 - 1

function property(name: string, facts: Property): NativeProperty {
  if (typeof facts === 'string') return { name, type: facts, writable: true }
  const [first, second] = facts
  if (typeof first === 'number' && typeof second === 'number') {
    return { name, type: 'gint', writable: true, minimum: first, maximum: second }
  }
  return { name, type: 'GstEnum', writable: true, values: facts.map(String) }
}

type Properties = Readonly<Record<string, Property>>

function element(name: string, properties: Properties = {}, sinkCaps = 'video/x-raw'): NativeElement {
  return {
    name,
    klass: 'Codec/Encoder/Video',
    properties: Object.entries(properties).map(([key, facts]) => property(key, facts)),
    sinkCaps,
    srcCaps: 'video/x-h264',
  }
}

function registryOf(...elements: readonly NativeElement[]): Registry {
  const byName = new Map(elements.map((facts) => [facts.name, facts]))
  return (name) => byName.get(name) ?? null
}

const CUDA = 'video/x-raw(memory:CUDAMemory); video/x-raw(memory:GLMemory); video/x-raw'

const x264enc = element('x264enc', {
  bitrate: [1, 2_048_000],
  'vbv-buf-capacity': [0, 10_000],
  'key-int-max': [0, INT_MAX],
  tune: ['stillimage', 'fastdecode', 'zerolatency'],
  'speed-preset': ['None', 'ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow'],
  pass: ['cbr', 'quant', 'qual', 'pass1', 'pass2', 'pass3'],
  quantizer: [0, 50],
  threads: [0, INT_MAX],
  'sliced-threads': 'gboolean',
  bframes: [0, 16],
  'b-adapt': 'gboolean',
  ref: [1, 16],
  'rc-lookahead': [0, 250],
  'sync-lookahead': [-1, 250],
  'mb-tree': 'gboolean',
  dct8x8: 'gboolean',
  aud: 'gboolean',
  'option-string': 'gchararray',
})

const openh264enc = element('openh264enc', {
  bitrate: [0, UINT_MAX],
  'max-bitrate': [0, UINT_MAX],
  'gop-size': [0, UINT_MAX],
  'usage-type': ['camera', 'screen'],
  complexity: ['low', 'medium', 'high'],
  'rate-control': ['quality', 'bitrate', 'buffer', 'off'],
  'scene-change-detection': 'gboolean',
  'background-detection': 'gboolean',
  'adaptive-quantization': 'gboolean',
  'enable-denoise': 'gboolean',
  'enable-frame-skip': 'gboolean',
  'slice-mode': ['n-slices', 'auto'],
  'num-slices': [0, UINT_MAX],
  'multi-thread': [0, UINT_MAX],
  'qp-min': [0, 51],
  'qp-max': [0, 51],
})

const vp8enc = element('vp8enc', {
  'target-bitrate': [0, INT_MAX],
  'buffer-size': [0, INT_MAX],
  'buffer-initial-size': [0, INT_MAX],
  'buffer-optimal-size': [0, INT_MAX],
  'keyframe-max-dist': [0, INT_MAX],
  'keyframe-mode': ['disabled', 'auto'],
  deadline: [0, Number.MAX_SAFE_INTEGER],
  'cpu-used': [-16, 16],
  'lag-in-frames': [0, 25],
  'auto-alt-ref': 'gboolean',
  threads: [0, 64],
  'token-partitions': ['1', '2', '4', '8'],
  'max-intra-bitrate': [0, INT_MAX],
  overshoot: [0, 1000],
  undershoot: [0, 1000],
  'static-threshold': [0, INT_MAX],
  'resize-allowed': 'gboolean',
  'dropframe-threshold': [0, 100],
  'error-resilient': ['default', 'partitions'],
  'end-usage': ['vbr', 'cbr', 'cq'],
  'cq-level': [0, 63],
  'min-quantizer': [0, 63],
  'max-quantizer': [0, 63],
})

const x265enc = element('x265enc', {
  bitrate: [1, 102_400],
  'key-int-max': [0, INT_MAX],
  'option-string': 'gchararray',
  qp: [-1, 51],
  'speed-preset': ['No preset', 'ultrafast', 'superfast', 'veryfast'],
  tune: ['No tunning', 'psnr', 'ssim', 'grain', 'zerolatency', 'fastdecode', 'animation'],
})

const SOFTWARE = [element('videoconvert'), x264enc, openh264enc, vp8enc, x265enc]

const OLD_PRESETS = [
  'default',
  'hp',
  'hq',
  'low-latency',
  'low-latency-hq',
  'low-latency-hp',
  'lossless',
  'lossless-hp',
]
const NV_RC_MODES = ['default', 'constqp', 'cbr', 'vbr', 'vbr-minqp', 'cbr-ld-hq', 'cbr-hq', 'vbr-hq']

/** The first NVENC element, up to 1.22: no zero-reorder-delay, no multi-pass, no repeated headers. */
const nvh264enc122: Properties = {
  preset: OLD_PRESETS,
  'rc-mode': NV_RC_MODES,
  'qp-const': [-1, 51],
  'qp-const-i': [-1, 51],
  'qp-const-p': [-1, 51],
  'gop-size': [-1, INT_MAX],
  bitrate: [0, 2_048_000],
  'max-bitrate': [0, 2_048_000],
  'vbv-buffer-size': [0, UINT_MAX],
  'rc-lookahead': [0, 32],
  'i-adapt': 'gboolean',
  'b-adapt': 'gboolean',
  bframes: [0, 4],
  'spatial-aq': 'gboolean',
  zerolatency: 'gboolean',
  'strict-gop': 'gboolean',
  aud: 'gboolean',
}

/** The second generation as 1.22 names its properties. */
const nvCuda122: Properties = {
  preset: OLD_PRESETS,
  'rate-control': ['cqp', 'vbr', 'cbr', 'cbr-ld-hq', 'cbr-hq', 'vbr-hq'],
  'qp-i': [-1, 51],
  'qp-p': [-1, 51],
  'gop-size': [-1, INT_MAX],
  bitrate: [0, 2_048_000],
  'max-bitrate': [0, 2_048_000],
  'vbv-buffer-size': [0, UINT_MAX],
  'rc-lookahead': [0, 32],
  'i-adapt': 'gboolean',
  'b-adapt': 'gboolean',
  'b-frames': [0, 4],
  'spatial-aq': 'gboolean',
  'zero-reorder-delay': 'gboolean',
  'strict-gop': 'gboolean',
  'repeat-sequence-header': 'gboolean',
  aud: 'gboolean',
}

/** The second generation as 1.26 names its properties. */
const nv126: Properties = {
  preset: [...OLD_PRESETS, 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7'],
  tune: ['default', 'high-quality', 'low-latency', 'ultra-low-latency', 'lossless'],
  'multi-pass': ['default', 'disabled', 'two-pass-quarter', 'two-pass'],
  'rc-mode': NV_RC_MODES,
  'qp-const': [-1, 51],
  'qp-const-i': [-1, 51],
  'qp-const-p': [-1, 51],
  'gop-size': [-1, INT_MAX],
  bitrate: [0, 2_048_000],
  'max-bitrate': [0, 2_048_000],
  'vbv-buffer-size': [0, UINT_MAX],
  'rc-lookahead': [0, 32],
  'i-adapt': 'gboolean',
  'b-adapt': 'gboolean',
  bframes: [0, 4],
  'spatial-aq': 'gboolean',
  zerolatency: 'gboolean',
  'strict-gop': 'gboolean',
  'repeat-sequence-header': 'gboolean',
  aud: 'gboolean',
}

/** VA-API names did not change between 1.22 and 1.26. */
const vaProperties: Properties = {
  'key-int-max': [0, 1024],
  'b-frames': [0, 31],
  'ref-frames': [0, 16],
  'min-qp': [0, 51],
  qpi: [0, 51],
  qpp: [0, 51],
  dct8x8: 'gboolean',
  cabac: 'gboolean',
  aud: 'gboolean',
  mbbrc: ['auto', 'enabled', 'disabled'],
  bitrate: [0, 2_048_000],
  'target-percentage': [50, 100],
  'target-usage': [1, 7],
  'cpb-size': [0, 2_048_000],
  'rate-control': ['cbr', 'vbr', 'cqp'],
}

const VA = 'video/x-raw(memory:VAMemory),format=NV12; video/x-raw(memory:DMABuf),format=NV12; video/x-raw,format=NV12'

const CUDA_HELPERS = [element('cudaupload'), element('cudaconvert', {}, CUDA)]

/** No GPU. */
export const software: Registry = registryOf(...SOFTWARE)

/** An NVIDIA GPU under GStreamer 1.22. */
export const nvidia122: Registry = registryOf(
  ...SOFTWARE,
  ...CUDA_HELPERS,
  element('nvh264enc', nvh264enc122, CUDA),
  element('nvcudah264enc', nvCuda122, CUDA),
  element('nvautogpuh264enc', nvCuda122, CUDA),
)

/** Two NVIDIA GPUs under GStreamer 1.26. */
export const nvidia126: Registry = registryOf(
  ...SOFTWARE,
  ...CUDA_HELPERS,
  element('nvh264enc', nv126, CUDA),
  element('nvh264device1enc', nv126, CUDA),
  element('nvautogpuh264enc', nv126, CUDA),
)

/** An Intel GPU with the low-power unit, and a second GPU on renderD129. */
export const va: Registry = registryOf(
  ...SOFTWARE,
  element('vapostproc'),
  element('vah264enc', vaProperties, VA),
  element('vah264lpenc', vaProperties, VA),
  element('varenderD129postproc'),
  element('varenderD129h264enc', vaProperties, VA),
)
