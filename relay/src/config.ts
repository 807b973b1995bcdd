// SPDX-License-Identifier: Apache-2.0
// What this relay is told: the environment by the table of protocol/src/relay-env.ts, and what follows from it and from
// the machine.

import { availableParallelism, networkInterfaces } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatEnvProblems, fromRelayEnv } from '@nestri/protocol'
import type { Environment, RelaySettings } from '@nestri/protocol'
import { EXIT_CONFIG, ExitError } from '@nestri/runtime'
import type { LogLevel } from '@nestri/runtime'

export interface RelayConfig {
  settings: RelaySettings
  logLevel: LogLevel
  /** Media workers and the port of the first one (0 = free ports). */
  workers: number
  firstMediaPort: number
  /** Address that media sockets bind. */
  mediaAddress: string
  /** Addresses that peers are told, best first. */
  announcedAddresses: readonly string[]
  keysFolder: string
  /** Path of the mediasoup worker; undefined = mediasoup's own. */
  workerBin: string | undefined
  /** Folder of the built viewer. */
  viewerFolder: string
}

/** What the configuration takes from the machine. */
export interface Machine {
  cores: number
  /** Addresses of this machine's interfaces, without loopback and link-local ones. */
  addresses: readonly string[]
}

/**
 * The configuration of this process.
 * @throws {ExitError} 78 with all problems, one per line
 */
export function readConfig(): RelayConfig {
  return makeConfig(process.env, { cores: availableParallelism(), addresses: localAddresses() })
}

/**
 * The configuration that `env` means on `machine`. Pure.
 * @throws {ExitError} 78 with all problems, one per line
 */
export function makeConfig(env: Environment, machine: Machine): RelayConfig {
  const { settings, problems } = fromRelayEnv(env)
  if (problems.length > 0) throw new ExitError(EXIT_CONFIG, formatEnvProblems(problems))
  const { debug, verbose, udpStart, udpEnd, mediaPort, listenAddress, natIps, autoAddLocalIp } = settings
  const range = udpStart > 0 ? udpEnd - udpStart + 1 : Number.POSITIVE_INFINITY
  const wanted = settings.workers === 0 ? Math.min(machine.cores, range) : settings.workers
  if (wanted > range) {
    const text = `NESTRI_WORKERS=${wanted} is not valid: expected at most ${range}, the ports from WEBRTC_UDP_START to WEBRTC_UDP_END`
    throw new ExitError(EXIT_CONFIG, text)
  }
  const keysDir = settings.keysDir ?? join(settings.persistDir, 'keys')
  return {
    settings,
    logLevel: debug || verbose ? 'debug' : 'info',
    workers: wanted,
    firstMediaPort: udpStart > 0 ? udpStart : mediaPort,
    mediaAddress: listenAddress === '' ? '0.0.0.0' : listenAddress,
    announcedAddresses: announced(natIps, autoAddLocalIp ? localOf(listenAddress, machine) : []),
    keysFolder: isAbsolute(keysDir) ? keysDir : resolve(keysDir),
    workerBin: env['MEDIASOUP_WORKER_BIN'] === '' ? undefined : env['MEDIASOUP_WORKER_BIN'],
    viewerFolder: VIEWER_FOLDER,
  }
}

/** The viewer's build, from the source tree (relay/src) and from the compiled one (relay/dist/src). */
const VIEWER_FOLDER: string = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../viewer/dist' : '../viewer/dist', import.meta.url),
)

function localOf(listenAddress: string, { addresses }: Machine): readonly string[] {
  return listenAddress === '' || /^(0\.0\.0\.0|::)$/.test(listenAddress) ? addresses : [listenAddress]
}

function announced(natIps: readonly string[], local: readonly string[]): readonly string[] {
  const all = [...new Set([...natIps, ...local])]
  return all.length > 0 ? all : ['127.0.0.1']
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries = []) =>
    entries.flatMap(({ address, family, internal }) => (internal || family !== 'IPv4' ? [] : [address])),
  )
}
