// SPDX-License-Identifier: Apache-2.0
// What a runner is told: the pair that maps a NestriRoom to the runner's environment and back. `fromStreamerEnv` is all
// that a runner reads. Pure.

import { formatEnv, parseEnv, variableNames } from './env.ts'
import type { Environment, EnvProblem, Variable } from './env.ts'
import { flavorCommand } from './flavors.ts'
import type { NestriRoomSpec } from './nestri-room.gen.ts'
import { relayEnv } from './relay-env.ts'
import { streamerEnv } from './streamer-env.ts'
import type { StreamSettings } from './streamer-env.ts'

/** What a room's spec does not say: where the relay is, who the runner is, and how it was started. */
export type StreamerExtras = Partial<
  Pick<
    StreamSettings,
    | 'relayUrl'
    | 'room'
    | 'auth'
    | 'token'
    | 'tokenFile'
    | 'epoch'
    | 'display'
    | 'stunServer'
    | 'runId'
    | 'runDir'
    | 'parentStdin'
    | 'verbose'
    | 'debug'
  >
>

/** Names of the predecessors that are accepted and have no effect here. */
export const IGNORED_STREAMER_NAMES: readonly string[] = [
  'NESTRI_PARAMS',
  'NESTRI_LAUNCH_COMPOSITOR',
  'NESTRI_VIMPUTTI_PATH',
]

/** What a runner of this room is told. A runner without `display` starts the flavor's program where none is named. */
export function streamSettings(spec: NestriRoomSpec, extras: StreamerExtras = {}): StreamSettings {
  const { video: v, audio: a, gpu: g, session: s } = spec
  const resolution = { widthPx: spec.display.widthPixels, heightPx: spec.display.heightPixels }
  return {
    ...defaults(),
    ...extras,
    flavor: spec.flavor,
    launchCommand: commandOf({
      command: spec.runner.launchCommand,
      flavor: spec.flavor,
      capture: spec.capture,
      display: extras.display,
      resolution,
    }),
    capture: spec.capture,
    resolution,
    framerateFps: spec.display.framerate,
    videoCodec: v.codec,
    videoEncoderType: v.encoder.type,
    videoEncoder: v.encoder.name,
    encoderFallback: v.encoder.fallback,
    videoRateControl: v.rateControl,
    videoCqp: v.cqp,
    videoBitDepth: v.bitDepth,
    videoBitrateKbps: v.bitrateKbps,
    videoMaxBitrateKbps: v.maxBitrateKbps,
    videoMinBitrateKbps: v.minBitrateKbps,
    videoLatencyControl: v.latencyControl,
    keyframeIntervalSeconds: v.keyframeIntervalSeconds,
    audioCaptureMethod: a.captureMethod,
    audioCodec: a.codec,
    audioRateControl: a.rateControl,
    audioBitrateKbps: a.bitrateKbps,
    audioMaxBitrateKbps: a.maxBitrateKbps,
    audioChannels: a.channels,
    zeroCopy: spec.pipeline.zeroCopy,
    softwareRender: spec.pipeline.softwareRender,
    gpuMode: g.mode,
    gpuVendor: g.vendor,
    gpuName: g.name,
    gpuIndex: g.index,
    gpuCardPath: g.cardPath,
    seats: s.seats,
    maxParticipants: s.maxParticipants,
    visibility: s.visibility,
  }
}

/** The runner's environment for a room. `fromStreamerEnv` reads it back as `streamSettings(spec, extras)`. */
export function toStreamerEnv(spec: NestriRoomSpec, extras: StreamerExtras = {}): Record<string, string> {
  return formatEnv(streamerEnv, streamSettings(spec, extras))
}

/** What a runner without a token asks of an open relay; a token says it where there is one. */
export function roomWishes({ visibility, seats, maxParticipants }: StreamSettings): {
  public: boolean
  seats: number
  maxViewers: number
} {
  return { public: visibility === 'public', seats, maxViewers: maxParticipants }
}

/** What a runner reads of its environment. With problems, the settings are not to be used: print all and exit with 78. */
export function fromStreamerEnv(env: Environment): { settings: StreamSettings; problems: EnvProblem[] } {
  const translated = withSingleHostNames(env)
  const { values, problems } = parseEnv(streamerEnv, translated, [
    ...IGNORED_STREAMER_NAMES,
    ...variableNames(relayEnv),
  ])
  const isSet = (key: keyof typeof streamerEnv): boolean =>
    variableNames({ key: streamerEnv[key] }).some((name) => (translated[name] ?? '') !== '')
  const settings: StreamSettings = {
    ...values,
    launchCommand: commandOf({ ...values, command: values.launchCommand }),
    videoMaxBitrateKbps: isSet('videoMaxBitrateKbps')
      ? values.videoMaxBitrateKbps
      : Math.max(values.videoMaxBitrateKbps, values.videoBitrateKbps),
    videoMinBitrateKbps: isSet('videoMinBitrateKbps')
      ? values.videoMinBitrateKbps
      : Math.min(values.videoMinBitrateKbps, values.videoBitrateKbps),
    audioMaxBitrateKbps: isSet('audioMaxBitrateKbps')
      ? values.audioMaxBitrateKbps
      : Math.max(values.audioMaxBitrateKbps, values.audioBitrateKbps),
  }
  return { settings, problems: problems.length > 0 ? problems : crossProblems(settings) }
}

/** Rules over several variables; the same that the custom resource has. */
function crossProblems(settings: StreamSettings): EnvProblem[] {
  const problems: EnvProblem[] = []
  const check = (holds: boolean, key: keyof typeof streamerEnv, expected: string): void => {
    const variable: Variable<never> = streamerEnv[key] as unknown as Variable<never>
    if (!holds) problems.push({ name: variable.name, value: variable.format(settings[key] as never), expected })
  }
  check(settings.relayUrl !== undefined, 'relayUrl', `${streamerEnv.relayUrl.expected}; it is required`)
  check(settings.room !== undefined, 'room', `${streamerEnv.room.expected}; it is required`)
  check(
    settings.auth === 'open' || settings.token !== undefined || settings.tokenFile !== undefined,
    'token',
    'a token, or a file with it in NESTRI_TOKEN_FILE; on a trusted network with an open relay NESTRI_AUTH=open instead',
  )
  check(
    settings.videoMaxBitrateKbps >= settings.videoBitrateKbps,
    'videoMaxBitrateKbps',
    `at least VIDEO_BITRATE (${settings.videoBitrateKbps})`,
  )
  check(
    settings.videoMinBitrateKbps <= settings.videoBitrateKbps,
    'videoMinBitrateKbps',
    `at most VIDEO_BITRATE (${settings.videoBitrateKbps})`,
  )
  check(
    settings.audioMaxBitrateKbps >= settings.audioBitrateKbps,
    'audioMaxBitrateKbps',
    `at least AUDIO_BITRATE (${settings.audioBitrateKbps})`,
  )
  check(
    settings.gpuCardPath === '' ||
      (settings.gpuVendor === 'auto' && settings.gpuName === '' && settings.gpuIndex === -1),
    'gpuCardPath',
    'no GPU_VENDOR, GPU_NAME and GPU_INDEX beside it',
  )
  check(
    settings.launchCommand.length > 0 ||
      settings.capture === 'test' ||
      (settings.capture === 'x11' && settings.display !== undefined),
    'launchCommand',
    'a program, because NESTRI_FLAVOR=custom has none of its own',
  )
  return problems
}

/** What is started: the command that is named, else the flavor's; nothing with a test picture or on an existing display. */
function commandOf({
  command,
  flavor,
  capture,
  display,
  resolution,
}: Pick<StreamSettings, 'flavor' | 'capture' | 'display' | 'resolution'> & {
  command: readonly string[]
}): readonly string[] {
  if (capture === 'test') return []
  return command.length > 0 || (capture === 'x11' && display !== undefined)
    ? command
    : flavorCommand(flavor, resolution)
}

function defaults(): StreamSettings {
  return parseEnv(streamerEnv, {}).values
}

/** Elements behind the words of LOKUST_ENCODER. */
const SINGLE_HOST_ENCODERS: Readonly<Record<string, string>> = {
  x264: 'x264enc',
  nvenc: 'nvh264enc',
  vaapi: 'vah264enc',
}

/** Puts the two size variables of the single-host program into one, and its encoder words into elements. */
function withSingleHostNames(env: Environment): Environment {
  const { LOKUST_STREAM_WIDTH: width = '', LOKUST_STREAM_HEIGHT: height = '', LOKUST_ENCODER: encoder = '' } = env
  const result: Record<string, string | undefined> = { ...env }
  if ((env['RESOLUTION'] ?? '') === '' && (width !== '' || height !== '')) {
    result['RESOLUTION'] =
      `${width || streamerEnv.resolution.default.widthPx}x${height || streamerEnv.resolution.default.heightPx}`
  }
  const element = SINGLE_HOST_ENCODERS[encoder.toLowerCase()]
  if (element !== undefined) result['LOKUST_ENCODER'] = element
  return result
}
