// SPDX-License-Identifier: Apache-2.0
// Which variables each process of a room sees. The game sees what the room's owner gave it and what it needs for picture
// and sound, and nothing of ours: a token in its environment would open the room to it. Pure.

import { streamerEnv, variableNames } from '@nestri/protocol'
import type { Environment } from '@nestri/protocol'
import type { Offers } from './step.ts'

export interface Mark {
  /** NESTRI_RUN_ID of this run's processes. */
  runId: string
  /** The run's private folder. */
  folder: string
}

/** Variables of our own, by name or by how they begin. */
const OURS: ReadonlySet<string> = new Set([...variableNames(streamerEnv), 'XAUTHORITY', 'PULSE_SERVER'])
const OUR_PREFIXES = ['NESTRI_', 'NODE_', 'LOKUST_', 'npm_', 'GST_']
/** Where Debian keeps games, which root's PATH leaves out. */
const GAME_FOLDERS = ['/usr/local/games', '/usr/games']
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'

/** Environment of desktop and sound server. */
export function serviceEnv(env: Environment, mark: Mark, name: string): Record<string, string> {
  const wanted = ['PATH', 'LANG', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH']
  const kept = Object.entries(env).filter(([key, value]) => wanted.includes(key) && value !== undefined)
  return { PATH: DEFAULT_PATH, ...definite(Object.fromEntries(kept)), ...ofRun(mark, name) }
}

/** Environment of the streamer host: what the runner was told, and where picture and sound are. */
export function hostEnv(env: Environment, mark: Mark, offers: Offers): Record<string, string> {
  const capture = offers['DISPLAY'] === undefined ? {} : { NESTRI_CAPTURE: 'x11' }
  return {
    ...definite(env),
    ...offers,
    ...capture,
    ...ofRun(mark, 'streamer'),
    NESTRI_RUN_DIR: mark.folder,
    NESTRI_PARENT_STDIN: 'true',
  }
}

/** Environment of the game. */
export function gameEnv(env: Environment, mark: Mark, offers: Offers): Record<string, string> {
  const secrets = Object.values(streamerEnv)
    .filter((variable) => variable.secret === true)
    .map((variable) => env[variable.name])
    .filter((value) => value !== undefined && value !== '')
  const theirs = Object.entries(env).filter(
    ([name, value]) =>
      !OURS.has(name) &&
      !OUR_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
      !secrets.some((secret) => value?.includes(secret ?? '') ?? false),
  )
  const sound = offers['PULSE_SERVER'] === undefined ? { SDL_AUDIODRIVER: 'dummy' } : PULSE
  const base = definite(Object.fromEntries(theirs))
  return {
    HOME: mark.folder,
    ...sound,
    ...base,
    ...offers,
    XDG_RUNTIME_DIR: mark.folder,
    PATH: withGames(base['PATH'] ?? DEFAULT_PATH),
    ...ofRun(mark, 'game'),
  }
}

/** SDL asks PulseAudio first, and other clients buffer 20 ms instead of two seconds. */
const PULSE = { SDL_AUDIODRIVER: 'pulseaudio', PULSE_LATENCY_MSEC: '20' }

function ofRun({ runId, folder }: Mark, name: string): Record<string, string> {
  return { NESTRI_RUN_ID: `${runId}-${name}`, XDG_RUNTIME_DIR: folder }
}

function withGames(path: string): string {
  const folders = path.split(':').filter((folder) => folder !== '')
  return [...folders, ...GAME_FOLDERS.filter((folder) => !folders.includes(folder))].join(':')
}

function definite(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
