// SPDX-License-Identifier: Apache-2.0
// Runs one room: works out which steps it has, gives them a private folder and a mark, and supervises them until the signal
// aborts or the room cannot be.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { NestriError } from '@nestri/protocol'
import type { StreamSettings } from '@nestri/protocol'
import { untilAborted } from '@nestri/runtime'
import type { App } from '@nestri/runtime'
import { audioStep } from './audio.ts'
import { killMarked, noteDisplay, startCaretaker } from './caretaker.ts'
import type { RunnerConfig } from './config.ts'
import { desktopStep } from './desktop.ts'
import { gameEnv, hostEnv, serviceEnv } from './environments.ts'
import type { Mark } from './environments.ts'
import { gameStep } from './game.ts'
import { roomRules } from './plan.ts'
import type { RoomParts, StepId } from './plan.ts'
import { makePrivateFolder } from './private-folder.ts'
import { requirePrograms } from './step.ts'
import type { Offers, Step } from './step.ts'
import { streamerStep } from './streamer-host.ts'
import { Supervisor } from './supervisor.ts'
import type { StepWord } from './supervisor.ts'
import { probeDisplay } from './x11-probe.ts'

export interface RoomOptions extends RunnerConfig {
  /** Program and arguments of the streamer host. */
  host: readonly string[]
  onStatus: (step: StepId, state: StepWord, detail: string) => void
  /** Gets each line of the host's log, as it is. */
  onHostLog: (line: string) => void
}

/** Runs a room. Rejects with what made it impossible. */
export async function runRoom(options: RoomOptions, { signal, stack, log }: App): Promise<void> {
  const { settings, env, temporary } = options
  const onStatus = onceReady(options.onStatus)
  const parts = partsOf(settings)
  const given = await givenOffers(settings, env['XAUTHORITY'])
  const path = serviceEnv(env, { runId: '', folder: '' }, '')['PATH'] ?? ''
  const runId = settings.runId === '' ? 'nestri-room' : settings.runId.slice(0, 40)
  // Earlier incarnations of this very run; a run without a name cannot know its own.
  if (settings.runId !== '') await killMarked(`${runId}-`, path)
  const folder = stack.use(await makePrivateFolder(settings.runDir, temporary))
  const mark: Mark = { runId: `${runId}-${randomBytes(6).toString('hex')}`, folder: folder.path }
  const steps = makeSteps({ ...options, onStatus }, mark, log).filter(({ id }) => id === 'streamer' || parts[id])
  requirePrograms(steps)
  stack.use(startCaretaker(mark.runId, folder.path, path))
  stack.defer(async () => await killMarked(mark.runId, path))
  const supervisor = stack.use(new Supervisor({ rules: roomRules(parts), steps, given, onStatus, log }))
  supervisor.start()
  await Promise.race([supervisor.failed, untilAborted(signal)])
}

/** Tells that a step is ready once: the streamer says so itself, each time that its relay is back. */
function onceReady(onStatus: RoomOptions['onStatus']): RoomOptions['onStatus'] {
  const told = new Map<StepId, StepWord>()
  return (step, state, detail) => {
    if (state === 'ready' && told.get(step) === 'ready') return
    told.set(step, state)
    onStatus(step, state, detail)
  }
}

/** Which processes a room has. Pure. */
export function partsOf(settings: StreamSettings): RoomParts {
  const { capture, display, launchCommand, audioCaptureMethod } = settings
  return {
    desktop: capture === 'auto' || (capture === 'x11' && display === undefined),
    audio: audioCaptureMethod === 'pulseaudio' || audioCaptureMethod === 'pipewire',
    game: capture !== 'test' && launchCommand.length > 0,
  }
}

/** The existing desktop, where one is streamed. It is looked at once, so that a wrong name is told at the start. */
async function givenOffers(settings: StreamSettings, xauthority: string | undefined): Promise<Offers> {
  const { capture, display } = settings
  if (capture === 'wayland' || capture === 'pipewire') {
    const detail = 'only test, x11 and auto can be captured yet'
    throw new NestriError('ERR_CAPTURE', { source: `NESTRI_CAPTURE=${capture}`, detail })
  }
  if (capture !== 'x11' || display === undefined) return {}
  const authority = xauthority === undefined ? {} : { XAUTHORITY: xauthority }
  using _probe = await probeDisplay(display, xauthority === undefined ? undefined : readFileSync(xauthority))
  return { DISPLAY: display, ...authority }
}

function makeSteps(options: RoomOptions, mark: Mark, log: App['log']): Step[] {
  const { settings, env, host, onStatus, onHostLog } = options
  return [
    desktopStep({
      resolution: settings.resolution,
      folder: mark.folder,
      env: serviceEnv(env, mark, 'desktop'),
      onDisplay: (number) => noteDisplay(mark.folder, number),
      log,
    }),
    audioStep({
      method: settings.audioCaptureMethod === 'pipewire' ? 'pipewire' : 'pulseaudio',
      channels: settings.audioChannels,
      folder: mark.folder,
      env: serviceEnv(env, mark, 'audio'),
      log,
    }),
    streamerStep({
      command: host,
      env: (offers) => hostEnv(env, mark, offers),
      onState: (state, reason) => {
        if (state === 'connecting') onStatus('streamer', 'starting', reason === '' ? state : `${state}: ${reason}`)
        if (state === 'streaming') onStatus('streamer', 'ready', state)
      },
      onLog: onHostLog,
      log,
    }),
    gameStep({ command: settings.launchCommand, env: (offers) => gameEnv(env, mark, offers), log }),
  ]
}
