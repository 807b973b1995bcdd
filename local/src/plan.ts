// SPDX-License-Identifier: Apache-2.0
// Everything that follows from the room, the command line and this machine before anything is started: ports, addresses,
// and the environment of relay and runner. Pure.

import { formatEnv, relayEnv, toStreamerEnv } from '@nestri/protocol'
import type { Environment, NestriRoom, NestriRoomSpec, RelaySettings } from '@nestri/protocol'
import { originOf } from './links.ts'

export interface PlanInput {
  room: NestriRoom
  lan: boolean
  /** Existing X display to stream. */
  display: string | undefined
  /** The relay's settings from the launcher's own environment, with the ports that were found free. */
  relay: RelaySettings
  /** Addresses of this machine in its network, the likeliest first. */
  addresses: readonly string[]
  /** Certificate that HTTPS is served with; undefined = HTTP. */
  certificate: { certFile: string; keyFile: string } | undefined
  runId: string
  folders: { keys: string; relay: string; runner: string }
  /** The launcher's own environment. */
  env: Environment
}

export interface Plan {
  /** Name under which the relay knows the room. */
  room: string
  /** Where this program reaches the relay, e.g. `http://127.0.0.1:8088`. */
  origin: string
  /** Where the links point, the best first. */
  origins: string[]
  /** Environment of the relay's incarnation 1, 2, ... */
  relayEnv: (incarnation: number) => Record<string, string>
  /** Environment of a runner of the given incarnation. */
  runnerEnv: (options: { epoch: number; token: string }) => Record<string, string>
}

/**
 * Mark of one incarnation of a program, with which it and everything that it starts is found. The number stands inside, so
 * that no mark begins like another: what ends incarnation 1 must not reach incarnation 10.
 */
export function markOf(runId: string, program: 'relay' | 'runner', incarnation: number): string {
  return `${runId}-${incarnation}-${program}`
}

/** Works out how a room is run on this machine. */
export function makePlan(input: PlanInput): Plan {
  const { room, lan, relay, addresses, certificate } = input
  const secure = certificate !== undefined
  const at = (host: string): string => originOf({ secure, host, port: relay.endpointPort })
  const name = room.metadata.name
  return {
    room: name,
    origin: at(LOOPBACK),
    origins: [...(lan ? addresses.map(at) : []), at('localhost')],
    relayEnv: (incarnation) => ({ ...ordinaryEnv(input.env), ...relayEnvOf(input, incarnation) }),
    runnerEnv: ({ epoch, token }) => ({ ...runnerBase(input), ...runnerEnvOf(input, { epoch, token, secure }) }),
  }
}

function relayEnvOf(
  { lan, relay, addresses, certificate, runId, folders }: PlanInput,
  incarnation: number,
): Record<string, string> {
  return formatEnv(relayEnv, {
    ...relay,
    keysDir: folders.keys,
    persistDir: folders.relay,
    // 127.0.0.1 is announced in both cases: the runner and a browser on this machine take the short way.
    natIps: lan ? [...relay.natIps, ...addresses, LOOPBACK] : [LOOPBACK],
    autoAddLocalIp: false,
    listenAddress: lan ? '' : LOOPBACK,
    tlsCert: certificate?.certFile,
    tlsKey: certificate?.keyFile,
    runId: markOf(runId, 'relay', incarnation),
    parentStdin: true,
  })
}

function runnerEnvOf(
  { room, relay, display, runId, folders, certificate }: PlanInput,
  { epoch, token, secure }: { epoch: number; token: string; secure: boolean },
): Record<string, string> {
  const spec: NestriRoomSpec = display === undefined ? room.spec : { ...room.spec, capture: 'x11' }
  const env = toStreamerEnv(spec, {
    relayUrl: `${secure ? 'wss' : 'ws'}://${LOOPBACK}:${relay.endpointPort}`,
    room: room.metadata.name,
    token,
    epoch,
    display,
    runId: markOf(runId, 'runner', epoch),
    runDir: folders.runner,
    parentStdin: true,
    verbose: relay.verbose,
    debug: relay.debug,
  })
  // The runner trusts the certificate that the relay was just given, and nothing else changes.
  return certificate === undefined ? env : { ...env, NODE_EXTRA_CA_CERTS: certificate.certFile }
}

/** The game's variables first: none of them can replace one of the runner's. */
function runnerBase({ room, env, display }: PlanInput): Record<string, string> {
  const own = room.spec.runner.env.flatMap(({ name, value = '' }) => [[name, value] as const])
  const authority = display === undefined ? undefined : env['XAUTHORITY']
  return {
    ...ordinaryEnv(env),
    ...Object.fromEntries(own),
    ...(authority === undefined ? {} : { XAUTHORITY: authority }),
    PATH: withGames(env['PATH'] ?? '/usr/bin:/bin'),
  }
}

const LOOPBACK = '127.0.0.1'

/** Variables of the user's session that programs need. Nothing else is passed on, so that rooms run the same everywhere. */
const ORDINARY = [
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|TERM)$/,
  /^LC_\w+$/,
  /^XDG_(DATA|CONFIG|CACHE|STATE)_(HOME|DIRS)$/,
  /^(LD_LIBRARY_PATH|MEDIASOUP_\w+|GST_\w+|LIBVA_\w+|LIBGL_\w+|MESA_\w+|VK_\w+|NVIDIA_\w+|CUDA_\w+|(A|UB|L)SAN_OPTIONS)$/,
  /^(NODE_V8_COVERAGE|NODE_OPTIONS)$/,
]

function ordinaryEnv(env: Environment): Record<string, string> {
  const entries = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && ORDINARY.some((pattern) => pattern.test(name)) ? [[name, value] as const] : [],
  )
  return Object.fromEntries(entries)
}

/** Debian keeps games in folders that root's PATH leaves out. */
function withGames(path: string): string {
  const folders = path.split(':')
  return [...folders, ...['/usr/local/games', '/usr/games'].filter((folder) => !folders.includes(folder))].join(':')
}
