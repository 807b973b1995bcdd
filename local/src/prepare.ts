// SPDX-License-Identifier: Apache-2.0
// Everything that can be refused before a program is started: the command line, the room file, the environment, a program
// that is missing, a port that is taken.

import { readFileSync } from 'node:fs'
import { availableParallelism, networkInterfaces } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { ERRORS, formatEnvProblems, fromRelayEnv, NestriError } from '@nestri/protocol'
import type { NestriRoom, RelaySettings } from '@nestri/protocol'
import { EXIT_CONFIG, ExitError } from '@nestri/runtime'
import { defaultRouteInterfaces, lanAddresses } from './addresses.ts'
import { parseArguments, USAGE } from './arguments.ts'
import type { Arguments } from './arguments.ts'
import { ROOT } from './config.ts'
import type { LaunchConfig } from './config.ts'
import { localCheck } from './local-checks.ts'
import { claimPorts } from './ports.ts'
import { findProgram } from './programs.ts'
import { crdSchemaOf, formatRoomProblems, readRoom } from './room-file.ts'
import { launchCommand } from './summary.ts'

const DEFAULT_FILE = 'examples/local-room.yaml'

/**
 * Reads the command line.
 * @throws {ExitError} 78 with what is wrong and the usage
 */
export function readArguments(args: readonly string[]): Arguments {
  const parsed = parseArguments(args)
  if (parsed.ok) return parsed.value
  throw new ExitError(EXIT_CONFIG, `${parsed.problem}\n\n${USAGE}`)
}

/** A valid room and what this machine has to say about it. */
export interface RoomToRun {
  /** The file as the user knows it. */
  file: string
  room: NestriRoom
  notes: string[]
}

/**
 * Reads the room file.
 * @throws {ExitError} 78 with all problems
 */
export function loadRoom(file: string | undefined, workingFolder: string): RoomToRun {
  const path = file === undefined ? join(ROOT, DEFAULT_FILE) : resolve(workingFolder, file)
  const shown = file ?? (relative(workingFolder, path) || path)
  const result = readRoom(readText(path, shown), crdSchemaOf(readFileSync(join(ROOT, 'crds/nestriroom.yaml'), 'utf8')))
  if (!result.ok) throw wrongRoom(formatRoomProblems(shown, result.problems), result.problems.length)
  const { problems, notes } = localCheck(result.room)
  if (problems.length > 0) throw wrongRoom(problems.map((text) => `${shown} ${text}`).join('\n'), problems.length)
  return { file: shown, room: result.room, notes }
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code)
    throw wrongRoom(`${shown} cannot be read: ${reason}`, 1)
  }
}

function wrongRoom(text: string, count: number): ExitError {
  const total = count === 1 ? 'One problem' : `${count} problems`
  return new ExitError(EXIT_CONFIG, `${text}\n${total} (ERR_ROOM_FILE). ${ERRORS.ERR_ROOM_FILE.hint}`)
}

/**
 * The relay's settings: its variables in the launcher's own environment, then the command line.
 * @throws {ExitError} 78 with all problems
 */
export function relaySettings({ env }: LaunchConfig, { port, verbose }: Arguments): RelaySettings {
  const { settings, problems } = fromRelayEnv(env)
  if (problems.length > 0) throw new ExitError(EXIT_CONFIG, formatEnvProblems(problems))
  const media = (env['WEBRTC_UDP_MUX'] ?? '') === '' && settings.udpStart === 0
  const base = port ?? settings.endpointPort
  return {
    ...settings,
    endpointPort: base,
    // Media stands above the page, also where the page was moved.
    mediaPort: media ? (base === 0 ? 0 : base + 1) : settings.mediaPort,
    verbose: settings.verbose || verbose,
  }
}

/** Addresses of this machine that its network reaches. */
export function machineAddresses(): string[] {
  let routes = ''
  try {
    routes = readFileSync('/proc/net/route', 'utf8')
  } catch {
    // Without the table the order is that of the interfaces.
  }
  return lanAddresses(networkInterfaces(), defaultRouteInterfaces(routes))
}

/**
 * Settings with the ports that will really be used.
 * @throws {NestriError} ERR_PORT_IN_USE or ERR_PORT_REFUSED
 */
export async function claimRelayPorts(settings: RelaySettings, lan: boolean): Promise<RelaySettings> {
  const { endpointPort, mediaPort, udpStart, workers } = settings
  const count = workers === 0 ? availableParallelism() : workers
  const port = await claimPorts({
    endpointPort,
    mediaPort: udpStart === 0 ? mediaPort : udpStart,
    workers: count,
    address: lan ? '' : '127.0.0.1',
  })
  return { ...settings, endpointPort: port }
}

/**
 * Looks for the programs that the room needs.
 * @throws {NestriError} ERR_PROGRAM_MISSING
 */
export function requirePrograms(
  { spec }: NestriRoom,
  { display, path }: { display: string | undefined; path: string },
): void {
  const [game] = launchCommand(spec, display)
  const needed = game === undefined ? [] : [game]
  for (const program of needed) {
    if (findProgram(program, path) === undefined) throw new NestriError('ERR_PROGRAM_MISSING', { program })
  }
}
