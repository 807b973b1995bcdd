// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { flavorCommand } from './flavors.ts'
import { NESTRI_ROOM_DEFAULT_SPEC } from './nestri-room.gen.ts'
import type { NestriRoomSpec } from './nestri-room.gen.ts'
import { streamerEnv } from './streamer-env.ts'
import type { StreamSettings } from './streamer-env.ts'
import { fromStreamerEnv, streamSettings, toStreamerEnv } from './streamer-settings.ts'

const MINIMAL = { RELAY_URL: 'ws://relay:8088', NESTRI_ROOM: 'demo', NESTRI_TOKEN: 'a.b.c' }
const HD = { widthPx: 1280, heightPx: 720 }
const DEMO = flavorCommand('demo', HD)
const EXTRAS = { relayUrl: 'ws://relay:8088', room: 'demo', token: 'a.b.c' }

/** What the reader sees of each field, and the field of the room that it comes from. */
const FIELDS: [keyof StreamSettings, string][] = [
  ['flavor', 'flavor'],
  ['capture', 'capture'],
  ['framerateFps', 'display.framerate'],
  ['videoCodec', 'video.codec'],
  ['videoEncoderType', 'video.encoder.type'],
  ['videoEncoder', 'video.encoder.name'],
  ['encoderFallback', 'video.encoder.fallback'],
  ['videoRateControl', 'video.rateControl'],
  ['videoCqp', 'video.cqp'],
  ['videoBitDepth', 'video.bitDepth'],
  ['videoBitrateKbps', 'video.bitrateKbps'],
  ['videoMaxBitrateKbps', 'video.maxBitrateKbps'],
  ['videoMinBitrateKbps', 'video.minBitrateKbps'],
  ['videoLatencyControl', 'video.latencyControl'],
  ['keyframeIntervalSeconds', 'video.keyframeIntervalSeconds'],
  ['audioCaptureMethod', 'audio.captureMethod'],
  ['audioCodec', 'audio.codec'],
  ['audioRateControl', 'audio.rateControl'],
  ['audioBitrateKbps', 'audio.bitrateKbps'],
  ['audioMaxBitrateKbps', 'audio.maxBitrateKbps'],
  ['audioChannels', 'audio.channels'],
  ['zeroCopy', 'pipeline.zeroCopy'],
  ['softwareRender', 'pipeline.softwareRender'],
  ['gpuMode', 'gpu.mode'],
  ['gpuVendor', 'gpu.vendor'],
  ['gpuName', 'gpu.name'],
  ['gpuIndex', 'gpu.index'],
  ['gpuCardPath', 'gpu.cardPath'],
  ['seats', 'session.seats'],
  ['maxParticipants', 'session.maxParticipants'],
  ['visibility', 'session.visibility'],
]

interface Schema {
  enum?: (string | number)[]
  type?: string
  minimum?: number
  maximum?: number
  pattern?: string
  default?: unknown
  properties?: Record<string, Schema>
}

const crd = parse(readFileSync(new URL('../../crds/nestriroom.yaml', import.meta.url), 'utf8')) as {
  spec: { versions: { schema: { openAPIV3Schema: Schema } }[] }
}

function fieldSchema(path: string): Schema {
  const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'] ?? {}
  return path.split('.').reduce((schema, name) => schema.properties?.[name] ?? assert.fail(path), spec)
}

test('every default and every bound of the environment is that of the custom resource', () => {
  const { settings, problems } = fromStreamerEnv(MINIMAL)
  assert.deepEqual(problems, [])
  for (const [key, path] of FIELDS) {
    const schema = fieldSchema(path)
    const variable = streamerEnv[key]
    assert.equal(settings[key], schema.default, path)
    for (const value of schema.enum ?? []) assert.equal(variable.parse(String(value)), value, path)
    if (schema.enum !== undefined || schema.type !== 'integer') continue
    const { minimum = assert.fail(path), maximum = assert.fail(path) } = schema
    assert.deepEqual([variable.parse(`${minimum}`), variable.parse(`${maximum}`)], [minimum, maximum], path)
    assert.deepEqual([variable.parse(`${minimum - 1}`), variable.parse(`${maximum + 1}`)], [undefined, undefined], path)
  }
  assert.deepEqual(settings.resolution, { widthPx: 1280, heightPx: 720 })
  for (const [axis, edge] of [
    ['widthPixels', '320x720'],
    ['widthPixels', '7680x720'],
    ['heightPixels', '1280x240'],
    ['heightPixels', '1280x4320'],
  ] as const) {
    assert.notEqual(streamerEnv.resolution.parse(edge), undefined, `${axis} ${edge}`)
  }
  for (const wrong of ['318x720', '7682x720', '1280x238', '1280x4322', '1281x720', '1280x', '1280', 'x']) {
    assert.equal(streamerEnv.resolution.parse(wrong), undefined, wrong)
  }
})

test('every field of a room that the runner needs comes back from the environment', () => {
  const random = seededRandom(11)
  for (let round = 0; round < 500; round++) {
    const spec = randomSpec(random)
    const extras = { ...EXTRAS, epoch: Math.floor(random() * 1e9), parentStdin: random() < 0.5 }
    const { settings, problems } = fromStreamerEnv(toStreamerEnv(spec, extras))
    assert.deepEqual(problems, [])
    assert.deepEqual(settings, streamSettings(spec, extras))
    for (const [key, path] of FIELDS) assert.equal(settings[key], read(spec, path), path)
  }
})

test('a flavor brings its command, an explicit command wins, and a custom room needs one', () => {
  assert.deepEqual(fromStreamerEnv(MINIMAL).settings.launchCommand, DEMO)
  assert.deepEqual(
    fromStreamerEnv({ ...MINIMAL, NESTRI_FLAVOR: 'steam' }).settings.launchCommand,
    flavorCommand('steam', HD),
  )
  const env = { ...MINIMAL, NESTRI_LAUNCH_CMD: `sh -c 'exec "my game"'` }
  assert.deepEqual(fromStreamerEnv(env).settings.launchCommand, ['sh', '-c', 'exec "my game"'])
  assert.deepEqual(names(fromStreamerEnv({ ...MINIMAL, NESTRI_FLAVOR: 'custom' }).problems), ['NESTRI_LAUNCH_CMD'])
  assert.deepEqual(fromStreamerEnv({ ...MINIMAL, NESTRI_FLAVOR: 'custom', NESTRI_CAPTURE: 'test' }).problems, [])
})

test('with a test picture no program is started', () => {
  const env = { ...MINIMAL, NESTRI_CAPTURE: 'test', NESTRI_LAUNCH_CMD: 'doom' }
  assert.deepEqual(fromStreamerEnv(env).settings.launchCommand, [])
})

test('the demo fills the desktop, whatever its size', () => {
  const { launchCommand } = fromStreamerEnv({ ...MINIMAL, RESOLUTION: '1920x1080' }).settings
  assert.ok(launchCommand.includes('1920x1080'))
})

test('on an existing display nothing is started unless it is named', () => {
  const env = { ...MINIMAL, NESTRI_CAPTURE: 'x11', DISPLAY: ':7' }
  assert.deepEqual(fromStreamerEnv(env).settings.launchCommand, [])
  assert.equal(fromStreamerEnv(env).settings.display, ':7')
  assert.deepEqual(fromStreamerEnv({ ...MINIMAL, DISPLAY: ':7' }).settings.launchCommand, DEMO)
})

test('240 frames a second are possible, 241 are not', () => {
  assert.equal(fromStreamerEnv({ ...MINIMAL, FRAMERATE: '240' }).settings.framerateFps, 240)
  assert.deepEqual(names(fromStreamerEnv({ ...MINIMAL, FRAMERATE: '241' }).problems), ['FRAMERATE'])
})

test('a file of the predecessor with a high bitrate and no maximum works', () => {
  const { settings, problems } = fromStreamerEnv({ ...MINIMAL, VIDEO_BITRATE: '20000', AUDIO_BITRATE: '256' })
  assert.deepEqual(problems, [])
  assert.deepEqual([settings.videoBitrateKbps, settings.videoMaxBitrateKbps], [20_000, 20_000])
  assert.equal(settings.audioMaxBitrateKbps, 256)
  assert.equal(fromStreamerEnv({ ...MINIMAL, VIDEO_BITRATE: '200' }).settings.videoMinBitrateKbps, 200)
})

test('names of the predecessors without effect are accepted, misspelt names are not', () => {
  assert.deepEqual(
    fromStreamerEnv({ ...MINIMAL, NESTRI_LAUNCH_COMPOSITOR: 'gamescope', NESTRI_PARAMS: '-v' }).problems,
    [],
  )
  const { problems } = fromStreamerEnv({ ...MINIMAL, NESTRI_LAUNCH_CMDS: 'x' })
  assert.match(problems[0]?.expected ?? '', /did you mean NESTRI_LAUNCH_CMD\?/)
})

test('the names of the single-host program are read', () => {
  const { settings, problems } = fromStreamerEnv({
    ...MINIMAL,
    LOKUST_STREAM_WIDTH: '1920',
    LOKUST_STREAM_HEIGHT: '1080',
    LOKUST_STREAM_FPS: '30',
    LOKUST_STREAM_BITRATE_KBPS: '9000',
    LOKUST_ENCODER: 'x264',
    LOKUST_STUN: 'stun:stun.example.org:3478',
  })
  assert.deepEqual(problems, [])
  assert.deepEqual(settings.resolution, { widthPx: 1920, heightPx: 1080 })
  assert.deepEqual(
    [settings.framerateFps, settings.videoBitrateKbps, settings.videoEncoder, settings.stunServer],
    [30, 9000, 'x264enc', 'stun:stun.example.org:3478'],
  )
})

test('what is missing is reported together, and an open relay needs no token', () => {
  assert.deepEqual(names(fromStreamerEnv({}).problems), ['RELAY_URL', 'NESTRI_ROOM', 'NESTRI_TOKEN'])
  const open = { RELAY_URL: 'wss://r', NESTRI_ROOM: 'a', NESTRI_AUTH: 'open' }
  assert.deepEqual(fromStreamerEnv(open).problems, [])
})

test('values that contradict each other are reported', () => {
  const { problems } = fromStreamerEnv({
    ...MINIMAL,
    VIDEO_BITRATE_MAX: '5000',
    VIDEO_BITRATE_MIN: '7000',
    GPU_CARD_PATH: '/dev/dri/card0',
    GPU_INDEX: '0',
  })
  assert.deepEqual(names(problems), ['VIDEO_BITRATE_MAX', 'NESTRI_VIDEO_BITRATE_MIN', 'GPU_CARD_PATH'])
})

test('an address of the predecessor is refused in words', () => {
  const { problems } = fromStreamerEnv({ ...MINIMAL, RELAY_URL: '/ip4/1.2.3.4/tcp/8088/ws/p2p/12D3' })
  assert.match(problems[0]?.expected ?? '', /multiaddr/)
})

function names(problems: readonly { name: string }[]): string[] {
  return problems.map(({ name }) => name)
}

function read(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], value)
}

/** A valid room: every field of FIELDS random within its schema, then made to fit the rules over several fields. */
function randomSpec(random: () => number): NestriRoomSpec {
  const spec = structuredClone(NESTRI_ROOM_DEFAULT_SPEC)
  const between = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1))
  for (const [, path] of FIELDS) {
    const { enum: values, type, minimum = 0, maximum = 0, pattern } = fieldSchema(path)
    const words = path === 'gpu.name' ? ['', 'RTX 4090', 'a|b'] : ['', 'x264enc']
    const value =
      values !== undefined
        ? values[between(0, values.length - 1)]
        : type === 'integer'
          ? between(minimum, maximum)
          : type === 'boolean'
            ? random() < 0.5
            : words.filter((word) => new RegExp(pattern ?? '').test(word))[between(0, 1)]
    const parent = path.split('.').slice(0, -1)
    const holder = parent.length === 0 ? spec : read(spec, parent.join('.'))
    ;(holder as Record<string, unknown>)[path.split('.').at(-1) ?? ''] = value
  }
  spec.gpu.cardPath = ''
  spec.display = { ...spec.display, widthPixels: 2 * between(160, 3840), heightPixels: 2 * between(120, 2160) }
  spec.runner.launchCommand = spec.flavor === 'custom' || random() < 0.5 ? ['game', "it's", 'a b', ''] : []
  const [low = 0, middle = 0, high = 0] = [between(100, 9000), between(100, 9000), between(100, 9000)].sort(
    (a, b) => a - b,
  )
  Object.assign(spec.video, { minBitrateKbps: low, bitrateKbps: middle, maxBitrateKbps: high })
  spec.audio.maxBitrateKbps = between(spec.audio.bitrateKbps, 510)
  return spec
}

function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}
