// SPDX-License-Identifier: Apache-2.0
// The table of the runner's environment. A runner container works on these variables alone. Names without NESTRI_ are
// those of the predecessors, so that their users' files work; defaults are those of the custom resource.

import { parseCommand, quoteCommand } from './command-line.ts'
import { booleanVariable, choiceVariable, enumVariable, integerVariable, textVariable } from './env.ts'
import type { EnvValues, Variable } from './env.ts'
import { MAX_ROOM_CHARS, MAX_TOKEN_CHARS } from './limits.ts'
import { NESTRI_ROOM_DEFAULT_SPEC } from './nestri-room.gen.ts'

const { display, video, audio, pipeline, gpu, session, flavor, capture } = NESTRI_ROOM_DEFAULT_SPEC

/** Picture size in pixels, both even. */
export interface Resolution {
  /** 320 to 7680. */
  widthPx: number
  /** 240 to 4320. */
  heightPx: number
}

const resolutionVariable: Variable<Resolution> = {
  name: 'RESOLUTION',
  description: 'Size of the desktop and of the picture.',
  unit: 'px',
  default: { widthPx: display.widthPixels, heightPx: display.heightPixels },
  expected: 'WIDTHxHEIGHT, even, from 320x240 to 7680x4320',
  parse: (text) => {
    const [, width, height] = /^(\d{3,4})x(\d{3,4})$/i.exec(text) ?? []
    const [widthPx, heightPx] = [Number(width), Number(height)]
    const fits = widthPx >= 320 && widthPx <= 7680 && heightPx >= 240 && heightPx <= 4320
    return fits && widthPx % 2 === 0 && heightPx % 2 === 0 ? { widthPx, heightPx } : undefined
  },
  format: ({ widthPx, heightPx }) => `${widthPx}x${heightPx}`,
}

const launchCommandVariable: Variable<readonly string[]> = {
  name: 'NESTRI_LAUNCH_CMD',
  description:
    'Program to run and its arguments, quoted as for a POSIX shell. No shell is involved. Not set: the command of NESTRI_FLAVOR, and no program at all where an existing DISPLAY is streamed.',
  default: [],
  expected: 'a command with closed quotes',
  parse: parseCommand,
  format: quoteCommand,
}

/** Every variable that a runner reads. */
export const streamerEnv = {
  relayUrl: textVariable<string | undefined>({
    name: 'RELAY_URL',
    description: 'Address of the relay, required.',
    default: undefined,
    pattern: /^wss?:\/\/[^\s/?#]+\/?$/,
    expected: 'a WebSocket address such as ws://relay:8088 (multiaddrs of libp2p are not spoken)',
  }),
  room: textVariable<string | undefined>({
    name: 'NESTRI_ROOM',
    description: 'Name of the room, required.',
    default: undefined,
    pattern: new RegExp(`^(?=.{1,${MAX_ROOM_CHARS}}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`),
    expected: `letters, digits, dots, dashes and underscores, at most ${MAX_ROOM_CHARS} characters`,
  }),
  auth: enumVariable({
    name: 'NESTRI_AUTH',
    description: 'token: the runner shows its token to the relay. open: it has none, and the relay must be open too.',
    values: ['token', 'open'],
    default: 'token',
  }),
  token: textVariable<string | undefined>({
    name: 'NESTRI_TOKEN',
    description: 'Runner token. Required with NESTRI_AUTH=token, or NESTRI_TOKEN_FILE.',
    default: undefined,
    secret: true,
    pattern: new RegExp(`^[A-Za-z0-9_.-]{1,${MAX_TOKEN_CHARS}}$`),
    expected: 'a compact JWS',
  }),
  tokenFile: textVariable<string | undefined>({
    name: 'NESTRI_TOKEN_FILE',
    description: 'File with the runner token; wins over NESTRI_TOKEN and is read again when it changes.',
    default: undefined,
    expected: 'a path',
  }),
  epoch: integerVariable({
    name: 'NESTRI_EPOCH',
    description: 'Incarnation of the runner: a higher one takes the room over.',
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }),
  flavor: enumVariable({
    name: 'NESTRI_FLAVOR',
    description: 'What the room runs where NESTRI_LAUNCH_CMD is not set.',
    values: ['demo', 'custom', 'steam', 'heroic', 'lutris'],
    default: flavor,
  }),
  launchCommand: launchCommandVariable,
  capture: enumVariable({
    name: 'NESTRI_CAPTURE',
    description: 'Where the picture comes from. test is a moving test picture without a program.',
    values: ['auto', 'test', 'x11', 'wayland', 'pipewire'],
    default: capture,
  }),
  display: textVariable<string | undefined>({
    name: 'DISPLAY',
    description:
      "With NESTRI_CAPTURE=x11: the existing X display that is streamed instead of a desktop of the room's own.",
    default: undefined,
    expected: 'an X display such as :1',
  }),
  resolution: resolutionVariable,
  framerateFps: integerVariable({
    name: 'FRAMERATE',
    aliases: ['LOKUST_STREAM_FPS'],
    description: 'Frames per second.',
    unit: 'frames/s',
    default: display.framerate,
    min: 5,
    max: 240,
  }),
  videoCodec: enumVariable({
    name: 'VIDEO_CODEC',
    description: 'Video codec. h265 can be encoded but not relayed.',
    values: ['h264', 'h265', 'av1', 'vp8'],
    synonyms: { avc: 'h264', hevc: 'h265', hev1: 'h265', 'h.264': 'h264', 'h.265': 'h265' },
    default: video.codec,
  }),
  videoEncoderType: enumVariable({
    name: 'VIDEO_ENCODER_TYPE',
    description: 'Kind of encoder that is tried first.',
    values: ['hardware', 'software'],
    default: video.encoder.type,
  }),
  videoEncoder: textVariable({
    name: 'VIDEO_ENCODER',
    aliases: ['LOKUST_ENCODER'],
    description: 'GStreamer element to use. Not set: the best that really works.',
    default: video.encoder.name,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    expected: 'the name of a GStreamer element such as x264enc',
  }),
  encoderFallback: enumVariable({
    name: 'NESTRI_ENCODER_FALLBACK',
    description: 'Whether another encoder may be taken where the wanted one does not work.',
    values: ['allow', 'deny'],
    default: video.encoder.fallback,
  }),
  videoRateControl: enumVariable({
    name: 'VIDEO_RATE_CONTROL',
    description: 'Constant bitrate, variable bitrate or constant quality.',
    values: ['cbr', 'vbr', 'cqp'],
    default: video.rateControl,
  }),
  videoCqp: integerVariable({
    name: 'VIDEO_CQP',
    description: 'Quantizer, used only with VIDEO_RATE_CONTROL=cqp. Lower is better and larger.',
    default: video.cqp,
    min: 1,
    max: 51,
  }),
  videoBitDepth: choiceVariable({
    name: 'VIDEO_BIT_DEPTH',
    description: 'Bits per colour sample.',
    values: [8, 10],
    default: video.bitDepth,
  }),
  videoBitrateKbps: integerVariable({
    name: 'VIDEO_BITRATE',
    aliases: ['LOKUST_STREAM_BITRATE_KBPS'],
    description: 'Bitrate at which the encoder starts.',
    unit: 'kbit/s',
    default: video.bitrateKbps,
    min: 100,
    max: 200_000,
  }),
  videoMaxBitrateKbps: integerVariable({
    name: 'VIDEO_BITRATE_MAX',
    description: 'Highest bitrate that the encoder is asked for. Not set and below VIDEO_BITRATE: VIDEO_BITRATE.',
    unit: 'kbit/s',
    default: video.maxBitrateKbps,
    min: 100,
    max: 200_000,
  }),
  videoMinBitrateKbps: integerVariable({
    name: 'NESTRI_VIDEO_BITRATE_MIN',
    aliases: ['VIDEO_BITRATE_MIN'],
    description: 'Lowest bitrate that the encoder is asked for. Not set and above VIDEO_BITRATE: VIDEO_BITRATE.',
    unit: 'kbit/s',
    default: video.minBitrateKbps,
    min: 100,
    max: 200_000,
  }),
  videoLatencyControl: enumVariable({
    name: 'VIDEO_LATENCY_CONTROL',
    description: 'What the encoder is tuned for.',
    values: ['lowest-latency', 'highest-quality'],
    default: video.latencyControl,
  }),
  keyframeIntervalSeconds: integerVariable({
    name: 'KEYFRAME_DIST_SECS',
    description: 'Distance of periodic key frames; 0 = only on demand.',
    unit: 's',
    default: video.keyframeIntervalSeconds,
    min: 0,
    max: 60,
  }),
  audioCaptureMethod: enumVariable({
    name: 'AUDIO_CAPTURE_METHOD',
    description: "Sound server of the room's own; none streams no sound.",
    values: ['pipewire', 'pulseaudio', 'alsa', 'none'],
    default: audio.captureMethod,
  }),
  audioCodec: enumVariable({
    name: 'AUDIO_CODEC',
    description: 'Audio codec.',
    values: ['opus'],
    default: audio.codec,
  }),
  audioRateControl: enumVariable({
    name: 'AUDIO_RATE_CONTROL',
    description: 'Constant or variable audio bitrate.',
    values: ['cbr', 'vbr'],
    default: audio.rateControl,
  }),
  audioBitrateKbps: integerVariable({
    name: 'AUDIO_BITRATE',
    description: 'Audio bitrate.',
    unit: 'kbit/s',
    default: audio.bitrateKbps,
    min: 6,
    max: 510,
  }),
  audioMaxBitrateKbps: integerVariable({
    name: 'AUDIO_BITRATE_MAX',
    description:
      'Highest audio bitrate, used only with AUDIO_RATE_CONTROL=vbr. Not set and below AUDIO_BITRATE: AUDIO_BITRATE.',
    unit: 'kbit/s',
    default: audio.maxBitrateKbps,
    min: 6,
    max: 510,
  }),
  audioChannels: choiceVariable({
    name: 'NESTRI_AUDIO_CHANNELS',
    description: 'Audio channels.',
    values: [1, 2],
    default: audio.channels,
  }),
  zeroCopy: booleanVariable({
    name: 'ZERO_COPY',
    aliases: ['DMA_BUF'],
    description: "Hands frames from the GPU's renderer to its encoder without a copy.",
    default: pipeline.zeroCopy,
  }),
  softwareRender: booleanVariable({
    name: 'SOFTWARE_RENDER',
    description: 'Renders the desktop on the CPU even where there is a GPU.',
    default: pipeline.softwareRender,
  }),
  gpuMode: enumVariable({
    name: 'NESTRI_GPU_MODE',
    description: 'none: no GPU is looked for; otherwise one is used if there is one.',
    values: ['exclusive', 'shared', 'none'],
    default: gpu.mode,
  }),
  gpuVendor: enumVariable({
    name: 'GPU_VENDOR',
    description: 'Maker of the GPU.',
    values: ['auto', 'nvidia', 'amd', 'intel'],
    default: gpu.vendor,
  }),
  gpuName: textVariable({
    name: 'GPU_NAME',
    description: "Part of the GPU's model name, in any case.",
    default: gpu.name,
    pattern: /^[!-~]([ -~]{0,126}[!-~])?$/,
    expected: 'at most 128 printable characters',
  }),
  gpuIndex: integerVariable({
    name: 'GPU_INDEX',
    description: 'Index among the GPUs that fit; -1 takes the first that works.',
    default: gpu.index,
    min: -1,
    max: 15,
  }),
  gpuCardPath: textVariable({
    name: 'GPU_CARD_PATH',
    description: 'Device node of the GPU; instead of vendor, name and index.',
    default: gpu.cardPath,
    pattern: /^\/dev\/dri\/(card|renderD)[0-9]+$/,
    expected: 'a device such as /dev/dri/renderD128',
  }),
  seats: integerVariable({
    name: 'NESTRI_SEATS',
    description: 'Players that may send input at the same time. A runner token says it where there is one.',
    default: session.seats,
    min: 1,
    max: 16,
  }),
  maxParticipants: integerVariable({
    name: 'NESTRI_MAX_PARTICIPANTS',
    description: 'Viewers that may be in the room at the same time. A runner token says it where there is one.',
    default: session.maxParticipants,
    min: 1,
    max: 10_000,
  }),
  visibility: enumVariable({
    name: 'NESTRI_ROOM_VISIBILITY',
    description:
      "Whether the relay's room list shows the room to everybody. A runner token says it where there is one.",
    values: ['private', 'public'],
    default: session.visibility,
  }),
  stunServer: textVariable({
    name: 'STUN_SERVER',
    aliases: ['LOKUST_STUN'],
    description: 'STUN server for the way to the relay. Not needed where the relay is reached directly.',
    default: '',
    pattern: /^(stun:)?(\/\/)?[^\s/:]+:\d{1,5}$/,
    expected: 'HOST:PORT',
  }),
  runId: textVariable({
    name: 'NESTRI_RUN_ID',
    description: 'Mark of the run that started the program, by which left-over processes are found.',
    default: '',
    pattern: /^[A-Za-z0-9_-]{1,64}$/,
    expected: 'at most 64 letters and digits',
  }),
  runDir: textVariable<string | undefined>({
    name: 'NESTRI_RUN_DIR',
    description: 'Private folder for sockets and files of the run. Not set: one under the folder for temporary files.',
    default: undefined,
    expected: 'a path',
  }),
  parentStdin: booleanVariable({
    name: 'NESTRI_PARENT_STDIN',
    description: 'End when standard input closes: the starter keeps it open as its sign of life.',
    default: false,
  }),
  verbose: booleanVariable({ name: 'VERBOSE', description: 'Logs more.', default: false }),
  debug: booleanVariable({ name: 'DEBUG', description: 'Logs everything.', default: false }),
}

/** Everything that a runner is told. */
export type StreamSettings = EnvValues<typeof streamerEnv>
