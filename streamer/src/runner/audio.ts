// SPDX-License-Identifier: Apache-2.0
// The room's own sound server with one sink that nobody hears: programs play into it, the streamer records its monitor.
// Its socket lies in the run's private folder.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '@nestri/runtime'
import type { ChildOptions, Logger } from '@nestri/runtime'
import { ROOM_MONITOR } from '../session-request.ts'
import { startProcesses } from './process-step.ts'
import { outputOf } from './step.ts'
import type { Offers, Step } from './step.ts'

/** Name of the room's sink: the streamer records its monitor. */
const SINK = ROOM_MONITOR.replace('.monitor', '')

export interface AudioOptions {
  method: 'pulseaudio' | 'pipewire'
  channels: number
  folder: string
  env: Readonly<Record<string, string>>
  log: Logger
}

const READY_MS = 15_000
/** Latency that the server asks of both sides, in ms. */
const FRAGMENT_MS = 10
const RATE_HZ = 48_000
/** The server, what connects streams to the sink, and what speaks PulseAudio's protocol. */
const PIPEWIRE_PROGRAMS = ['pipewire', 'wireplumber', 'pipewire-pulse']

/** The sound server; offers PULSE_SERVER, and PIPEWIRE_RUNTIME_DIR where it is PipeWire. */
export function audioStep(options: AudioOptions): Step {
  const { folder, method, env, log } = options
  return {
    id: 'audio',
    graceMs: 400,
    programs: [...(method === 'pulseaudio' ? ['pulseaudio'] : PIPEWIRE_PROGRAMS), 'pactl'],
    path: env['PATH'] ?? '',
    start: () => {
      const own = { ...env, HOME: folder, XDG_RUNTIME_DIR: folder, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder }
      const programs = method === 'pulseaudio' ? pulseAudio(options) : pipeWire(options)
      const server = `unix:${join(folder, method === 'pulseaudio' ? 'pulse.socket' : 'pulse/native')}`
      const offers: Offers = {
        PULSE_SERVER: server,
        ...(method === 'pipewire' ? { PIPEWIRE_RUNTIME_DIR: folder } : {}),
      }
      return startProcesses({
        programs: programs.map(({ command, args }) => ({
          name: command === 'sh' ? (args.at(-1) ?? command) : command,
          command,
          args,
          env: own,
          onStderr: (line) => log.debug({ line }, 'sound server says'),
        })),
        readyMs: READY_MS,
        ready: async (_children, signal) => {
          // The default sink is there when the server answers, and with PipeWire when streams are linked to it as well.
          const sinkAnswers = async (): Promise<boolean> => {
            const name = await outputOf('pactl', ['get-default-sink'], { ...own, PULSE_SERVER: server })
            return name?.trim() === SINK
          }
          await waitFor(sinkAnswers, { what: "the sound server's sink", deadlineMs: READY_MS, everyMs: 60, signal })
          return offers
        },
      })
    },
  }
}

type Program = Required<Pick<ChildOptions, 'command' | 'args'>>

function pulseAudio({ folder, channels }: AudioOptions): Program[] {
  const configuration = join(folder, 'daemon.conf')
  writeFileSync(configuration, `default-fragments = 4\ndefault-fragment-size-msec = ${FRAGMENT_MS}\n`)
  return [{ command: 'pulseaudio', args: pulseAudioArgs(join(folder, 'pulse.socket'), configuration, channels) }]
}

/** Arguments of PulseAudio: nothing of the machine's configuration, no hardware, no session. Pure. */
function pulseAudioArgs(socket: string, configuration: string, channels: number): string[] {
  const flags = ['--daemonize=no', '--use-pid-file=no', '--exit-idle-time=-1', '--disallow-exit', '--realtime=no']
  const quiet = ['--high-priority=no', '--log-target=stderr', '--log-level=error', '--disable-shm=no']
  const format = `rate=${RATE_HZ} channels=${channels} format=s16le`
  return [
    '-n',
    ...flags,
    ...quiet,
    // The socket lies in a folder that other users cannot enter.
    ...['-L', `module-native-protocol-unix auth-anonymous=1 socket=${socket}`],
    ...['-L', `module-null-sink sink_name=${SINK} ${format} sink_properties=device.description=${SINK}`],
  ]
}

function pipeWire({ folder, channels }: AudioOptions): Program[] {
  const files: Record<string, string> = { 'pipewire/pipewire.conf.d': pipeWireConfiguration(channels), ...NO_HARDWARE }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path), { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, path, path.endsWith('.lua.d') ? '80-nestri.lua' : 'nestri.conf'), text)
  }
  const [server = '', ...others] = PIPEWIRE_PROGRAMS
  const socket = join(folder, 'pipewire-0')
  // The others end where they find no server.
  const wait = ['-c', 'until [ -S "$1" ]; do sleep 0.02; done; exec "$2"', 'sh', socket]
  return [{ command: server, args: [] }, ...others.map((program) => ({ command: 'sh', args: [...wait, program] }))]
}

/** WirePlumber links streams and sink here and nothing else: it looks for no device and needs no D-Bus. 0.4 reads the first two. */
const NO_HARDWARE: Readonly<Record<string, string>> = {
  'wireplumber/main.lua.d': `${disabled('alsa_monitor', 'v4l2_monitor', 'libcamera_monitor', 'stream_defaults')}
default_access.properties["enable-flatpak-portal"] = false
device_defaults.properties["use-persistent-storage"] = false
`,
  'wireplumber/bluetooth.lua.d': disabled('bluez_monitor', 'bluez_midi_monitor'),
  'wireplumber/wireplumber.conf.d': `wireplumber.profiles = {
  main = {
    hardware.audio = disabled
    hardware.bluetooth = disabled
    hardware.video-capture = disabled
    support.dbus = disabled
    support.logind = disabled
    support.portal-permissionstore = disabled
    support.reserve-device = disabled
  }
}
`,
}

/** Lua for versions that have only some of these. */
function disabled(...tables: string[]): string {
  return tables.map((table) => `if ${table} then ${table}.enabled = false end\n`).join('')
}

/** A fragment for PipeWire's configuration: the sink, and a quantum of 10 ms. Pure. */
function pipeWireConfiguration(channels: number): string {
  const quantum = (RATE_HZ * FRAGMENT_MS) / 1000
  const positions = channels === 1 ? '[ MONO ]' : '[ FL FR ]'
  return `context.properties = {
  support.dbus = false
  default.clock.rate = ${RATE_HZ}
  default.clock.quantum = ${quantum}
  default.clock.max-quantum = ${quantum}
}
context.objects = [
  { factory = adapter
    args = {
      factory.name = support.null-audio-sink
      node.name = ${SINK}
      media.class = Audio/Sink
      audio.position = ${positions}
      monitor.channel-volumes = true
      priority.session = 2000
    }
  }
]
`
}
