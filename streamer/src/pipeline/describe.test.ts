// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { nvidia122, nvidia126, software, va } from '../../test/support/fake-registries.ts'
import { listCandidates } from './choose.ts'
import type { Candidate, Registry } from './choose.ts'
import { describeAudio, describeEncoder, describeProbe, describeSession } from './describe.ts'
import type { VideoSettings } from './describe.ts'

function someVideo(changes: Partial<VideoSettings> = {}): VideoSettings {
  return {
    cores: 2,
    widthPx: 1280,
    heightPx: 720,
    framerateFps: 60,
    rateControl: 'cbr',
    bitrateKbps: 6000,
    maxBitrateKbps: 8000,
    quantizer: 26,
    latency: 'lowest-latency',
    keyFrameSeconds: 0,
    ...changes,
  }
}

function candidate(registry: Registry, name: string, frameMemory: 'system' | 'DMABuf' = 'system'): Candidate {
  const found = (['h264', 'vp8', 'h265'] as const)
    .flatMap((codec) => listCandidates(registry, { ...WISH, codec, frameMemory }).candidates)
    .find((one) => one.name === name)
  assert.ok(found, `${name} is not offered`)
  return found
}

const WISH = {
  codec: 'h264',
  element: '',
  type: 'hardware',
  fallback: 'allow',
  bitDepth: 8,
  gpu: { mode: 'shared', vendor: 'auto', index: -1, cardPath: '' },
  frameMemory: 'system',
  excluded: [],
} as const

/** Compares with a golden file of `key: value` lines; pipelines are broken where their elements are linked. */
function matchesGolden(t: TestContext, name: string, value: Readonly<Record<string, unknown>>): void {
  const text = Object.entries(value)
    .map(([key, one]) => `${key}: ${typeof one === 'string' ? one.replaceAll(' ! ', '\n  ! ') : JSON.stringify(one)}\n`)
    .join('')
  t.assert.fileSnapshot(text, new URL(`./golden/${name}.txt`, import.meta.url).pathname, {
    serializers: [String],
  })
}

const GOLDEN: readonly [file: string, registry: Registry, name: string, frameMemory?: 'DMABuf'][] = [
  ['x264enc', software, 'x264enc'],
  ['openh264enc', software, 'openh264enc'],
  ['vp8enc', software, 'vp8enc'],
  ['x265enc', software, 'x265enc'],
  ['nvh264enc-1.22', nvidia122, 'nvh264enc (CUDAMemory)'],
  ['nvcudah264enc-1.22', nvidia122, 'nvcudah264enc (CUDAMemory)'],
  ['nvautogpuh264enc-1.26', nvidia126, 'nvautogpuh264enc (CUDAMemory)'],
  ['nvh264enc-1.26', nvidia126, 'nvh264enc (system)'],
  ['vah264enc', va, 'vah264enc (VAMemory)'],
  ['vah264lpenc', va, 'vah264lpenc (DMABuf)', 'DMABuf'],
]

for (const [file, registry, name, frameMemory] of GOLDEN) {
  test(`${file} is described with its own units in every mode`, (t) => {
    const one = candidate(registry, name, frameMemory)
    const { native, missing } = describeEncoder(one, someVideo())
    matchesGolden(t, file, {
      ...native,
      vbr: describeEncoder(one, someVideo({ rateControl: 'vbr' })).native.launch,
      cqp: describeEncoder(one, someVideo({ rateControl: 'cqp' })).native.launch,
      quality: describeEncoder(one, someVideo({ latency: 'highest-quality' })).native.launch,
      missing,
    })
  })
}

/** The value of a property in a launch text. */
function value(launch: string, property: string): string | undefined {
  return new RegExp(` ${property}=("?)([^" ]*)\\1`).exec(launch)?.[2]
}

function launchOf(registry: Registry, name: string, changes: Partial<VideoSettings> = {}): string {
  return describeEncoder(candidate(registry, name), someVideo(changes)).native.launch
}

test('the bitrate is in the unit of each encoder', () => {
  assert.equal(value(launchOf(software, 'x264enc'), 'bitrate'), '6000')
  assert.equal(value(launchOf(software, 'openh264enc'), 'bitrate'), '6000000')
  assert.equal(value(launchOf(software, 'vp8enc'), 'target-bitrate'), '6000000')
  assert.equal(value(launchOf(nvidia126, 'nvh264enc (system)'), 'bitrate'), '6000')
  assert.equal(value(launchOf(va, 'vah264enc (system)'), 'bitrate'), '6000')
})

test('the rate-control buffer is 1.5 frames in the unit of each encoder', () => {
  assert.equal(value(launchOf(software, 'x264enc'), 'vbv-buf-capacity'), '25')
  assert.equal(value(launchOf(software, 'x264enc', { framerateFps: 240 }), 'vbv-buf-capacity'), '7')
  assert.equal(value(launchOf(software, 'vp8enc', { framerateFps: 30 }), 'buffer-size'), '50')
  assert.equal(value(launchOf(nvidia126, 'nvh264enc (system)'), 'vbv-buffer-size'), '150')
})

test('VA-API gets the smallest buffer that it does not silently throw away', () => {
  assert.equal(value(launchOf(va, 'vah264enc (system)'), 'cpb-size'), '4000')
})

test('a key-frame distance of 0 is the value that means never, another is counted in frames', () => {
  assert.equal(value(launchOf(software, 'x264enc'), 'key-int-max'), '2147483647')
  assert.equal(value(launchOf(software, 'openh264enc'), 'gop-size'), '0')
  assert.equal(value(launchOf(nvidia126, 'nvh264enc (system)'), 'gop-size'), '-1')
  assert.equal(value(launchOf(va, 'vah264enc (system)'), 'key-int-max'), '1024')
  assert.equal(value(launchOf(software, 'x264enc', { keyFrameSeconds: 2 }), 'key-int-max'), '120')
  assert.equal(value(launchOf(va, 'vah264enc (system)', { keyFrameSeconds: 60 }), 'key-int-max'), '1024')
})

test('what an element has no property for is reported, with the spellings that were tried', () => {
  const { missing } = describeEncoder(candidate(nvidia122, 'nvh264enc (system)'), someVideo())
  assert.deepEqual(missing, [
    'multi-pass=two-pass-quarter (a quarter-size first pass makes the bitrate precise)',
    'repeat-sequence-header=true (whoever joins needs the parameter sets with the key frame)',
  ])
  assert.deepEqual(describeEncoder(candidate(nvidia126, 'nvh264enc (system)'), someVideo()).missing, [])
})

test('very large pictures get the fastest preset', () => {
  const large = { widthPx: 3840, heightPx: 2160, framerateFps: 120 }
  assert.equal(value(launchOf(nvidia126, 'nvh264enc (system)', large), 'preset'), 'p1')
  assert.equal(value(launchOf(nvidia122, 'nvh264enc (system)', large), 'preset'), 'low-latency-hp')
})

test('a quantizer that an element does not take is not set', () => {
  const { native, missing } = describeEncoder(
    candidate(software, 'x264enc'),
    someVideo({ rateControl: 'cqp', quantizer: 51 }),
  )
  assert.equal(value(native.launch, 'quantizer'), undefined)
  assert.ok(missing.some((text) => text.startsWith('quantizer=51')))
})

test('a probe encodes with the very settings of the session', () => {
  const one = candidate(va, 'vah264enc (VAMemory)')
  const probe = describeProbe(one, someVideo())
  assert.equal(probe.launch, describeEncoder(one, someVideo()).native.launch)
  assert.equal(probe.widthPx, 1280)
})

test('the second GPU is named in the whole path', () => {
  const gpu = { ...WISH.gpu, index: 1 }
  const [first] = listCandidates(nvidia126, { ...WISH, gpu }).candidates
  assert.ok(first)
  const { launch } = describeEncoder(first, someVideo()).native
  assert.match(launch, /^cudaupload cuda-device-id=1 ! cudaconvert cuda-device-id=1 ! /)
})

test('sound is described for a sound server and for ALSA', (t) => {
  matchesGolden(t, 'audio', {
    ...describeAudio({
      source: { kind: 'pulse', server: 'unix:/run/room/pulse', device: 'nestri.monitor' },
      bitrateKbps: 128,
      rateControl: 'cbr',
      channels: 2,
    }),
    alsa: describeAudio({
      source: { kind: 'alsa', device: 'default' },
      bitrateKbps: 96,
      rateControl: 'vbr',
      channels: 1,
    }).launch,
  })
})

test('a session names the extensions and the echo stream of the protocol', (t) => {
  const video = someVideo()
  const { native } = describeEncoder(candidate(software, 'vp8enc'), video)
  matchesGolden(t, 'session', {
    ...describeSession({
      source: { kind: 'x11', display: ':7' },
      video,
      encoder: native,
      audio: null,
      inputDisplay: ':7',
      stunServer: '',
    }),
    encoder: 'as in vp8enc.txt',
  })
})
