// SPDX-License-Identifier: Apache-2.0
// Runs one room on this machine until it is told to end: relay and runner as kept children, the links, and what happens.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NestriError } from '@nestri/protocol'
import type { RoomFacts } from '@nestri/protocol'
import { DeadlineError, pause, untilAborted, withDeadline } from '@nestri/runtime'
import type { App, ChildOptions } from '@nestri/runtime'
import { ulid } from 'ulid'
import type { Arguments } from './arguments.ts'
import { startCaretaker } from './caretaker.ts'
import { openCertificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { isWorthTelling, parseLogLine, parseStepChange, stepWords } from './child-words.ts'
import { inviteClaims, operatorClaims, runnerClaims } from './claims.ts'
import { ROOT } from './config.ts'
import type { LaunchConfig } from './config.ts'
import { KeptChild } from './kept-child.ts'
import { roomLink } from './links.ts'
import { endMarkedProcesses } from './marked-processes.ts'
import { makePlan, markOf } from './plan.ts'
import type { Plan } from './plan.ts'
import { claimRelayPorts, machineAddresses, relaySettings, requirePrograms } from './prepare.ts'
import type { RoomToRun } from './prepare.ts'
import { isReady, watchRooms } from './relay-watch.ts'
import { makeRunFolder, sweepRuns } from './run-folder.ts'
import type { Screen } from './screen.ts'
import { statusLines } from './status-lines.ts'
import { summary } from './summary.ts'
import { makeInviteKey } from './tokens.ts'
import type { Sign } from './tokens.ts'

/** A start that takes longer is given up: something hangs that nobody else reports. */
const START_MS = 90_000
const READY_POLL_MS = 50
/** Runner and relay end one after the other; together they stay below the 5 s that a user is promised. */
const RUNNER_GRACE_MS = 3_400
const RELAY_GRACE_MS = 1_000

export interface LaunchOptions {
  args: Arguments
  config: LaunchConfig
  room: RoomToRun
  screen: Screen
}

/**
 * Runs the room until the signal aborts.
 * @throws {NestriError} when it cannot be started or cannot be kept running
 */
export async function launch(app: App, options: LaunchOptions): Promise<void> {
  const { args, config, room, screen } = options
  const path = config.env['PATH'] ?? '/usr/bin:/bin'
  requirePrograms(room.room, { display: args.display, path: `${path}:/usr/local/games:/usr/games` })
  await sweepRuns(config.runsFolder)
  const settings = await claimRelayPorts(relaySettings(config, args), args.lan)
  const addresses = args.lan ? machineAddresses() : []
  const certificate = args.lan ? await lanCertificate(options, addresses, path) : undefined

  const runId = ulid().toLowerCase()
  const folder = await makeRunFolder(config.runsFolder, runId)
  // Disposed last: it clears up only where this program could not.
  app.stack.use(startCaretaker(config.runsFolder, path))
  app.stack.use(folder)
  const sign = await makeInviteKey(folder.keys)
  const plan = makePlan({
    room: room.room,
    lan: args.lan,
    display: args.display,
    relay: settings,
    addresses,
    certificate,
    runId,
    folders: folder,
    env: config.env,
  })
  screen.line(`${summary(room.room, args.display)}\n`)
  await run(app, { ...options, plan, sign, runId, certificate })
}

interface RunOptions extends LaunchOptions {
  plan: Plan
  sign: Sign
  runId: string
  certificate: Certificate | undefined
}

async function run({ signal, stack }: App, options: RunOptions): Promise<void> {
  const { screen, plan, sign, room, certificate } = options
  const progress = { ready: false, live: false }
  const address = {
    origin: plan.origin,
    ca: certificate === undefined ? undefined : readFileSync(certificate.certFile, 'utf8'),
  }
  const relay = keepRelay(options, () => progress.ready)
  stack.use(relay)
  const ending = AbortSignal.any([signal, stackSignal(stack)])
  await within(Promise.race([relay.failed, untilReady(address, ending)]), 'the relay is not ready')
  if (signal.aborted) return
  progress.ready = true
  screen.step(`relay ready on ${plan.origin}`)

  const runner = keepRunner(options, () => progress.live)
  stack.use(runner)
  killOnSecondSignal([runner, relay])
  const live = Promise.withResolvers<RoomFacts>()
  const token = await sign(operatorClaims(Date.now()))
  let before: RoomFacts | undefined
  void watchRooms(address, {
    token,
    signal: ending,
    onRooms: (rooms) => {
      const after = rooms.find((facts) => facts.room === plan.room)
      if (progress.live) for (const line of statusLines(before, after)) screen.status(line)
      if (after?.state === 'live') live.resolve(after)
      before = after
    },
  })
  const failed = Promise.race([relay.failed, runner.failed])
  const facts = await within(Promise.race([failed, live.promise, untilAborted(ending)]), 'the room is not live')
  if (facts === undefined) return
  progress.live = true
  const fallback = room.room.spec.gpu.mode === 'none' ? '' : (facts.encoder?.fallbackReason ?? '')
  if (fallback !== '') screen.step(`encoder: ${fallback}`)
  screen.step(`room live${facts.encoder === null ? '' : `, encoded by ${facts.encoder.name} (${facts.encoder.type})`}`)
  await showLinks(options, room)
  await Promise.race([failed, untilAborted(signal)])
}

function keepRelay({ plan, runId, screen, args }: RunOptions, everWorked: () => boolean): KeptChild {
  return new KeptChild({
    name: 'the relay',
    start: (n) => Promise.resolve(program('relay', 'relay/src/main.ts', plan.relayEnv(n), screen, args.verbose)),
    everWorked,
    repeatsItself: false,
    sweep: (n) => endMarkedProcesses(markOf(runId, 'relay', n), { graceMs: 0 }),
    onStatus: (line) => screen.status(line),
    graceMs: RELAY_GRACE_MS,
  })
}

function keepRunner({ plan, runId, screen, args, sign, room }: RunOptions, everWorked: () => boolean): KeptChild {
  const uid = crypto.randomUUID()
  return new KeptChild({
    name: 'the runner',
    start: async (incarnation) => {
      const token = await sign(runnerClaims(room.room, { uid, epoch: incarnation }))
      const env = plan.runnerEnv({ epoch: incarnation, token })
      return program('runner', 'streamer/src/runner/main.ts', env, screen, args.verbose)
    },
    everWorked,
    repeatsItself: true,
    sweep: (n) => endMarkedProcesses(markOf(runId, 'runner', n), { graceMs: 0 }),
    onStatus: (line) => screen.status(line),
    graceMs: RUNNER_GRACE_MS,
  })
}

/** One of our programs from its source. It ends by itself when this process dies, in its own order. */
function program(
  name: string,
  file: string,
  env: Record<string, string>,
  screen: Screen,
  verbose: boolean,
): ChildOptions {
  return {
    name,
    command: process.execPath,
    args: ['--conditions=source', join(ROOT, file)],
    env,
    dieWithParent: false,
    onStdout: (line) => {
      if (verbose) screen.line(`${name}: ${line}`)
      const change = parseStepChange(line)
      const words = change === undefined ? undefined : stepWords(change)
      if (words !== undefined) screen.status(words)
    },
    onStderr: (line) => {
      if (verbose) screen.line(`${name}: ${line}`)
      const entry = parseLogLine(line)
      if (entry !== undefined && isWorthTelling(entry)) screen.status(`${entry.name}: ${entry.text}`)
    },
  }
}

async function showLinks(
  { plan, sign, args, screen, certificate }: RunOptions,
  { room, notes }: RoomToRun,
): Promise<void> {
  const player = await sign(inviteClaims(room, 'player', Date.now()))
  const spectator = await sign(inviteClaims(room, 'spectator', Date.now()))
  const links = (token: string): string[] => plan.origins.map((origin) => roomLink({ origin, room: plan.room, token }))
  screen.links({
    player: links(player),
    spectator: links(spectator),
    notes: [
      ...notes.map((note) => `Note: ${note}.`),
      ...(certificate === undefined
        ? []
        : [
            `Browsers ask once whether to trust the certificate; this machine made it. Its SHA-256 fingerprint is`,
            certificate.fingerprint,
          ]),
      ...(args.lan ? [] : ['Only this machine can open the links; npm start -- --lan lets your network in.']),
      'Ctrl-C ends the room.',
    ],
  })
}

async function lanCertificate(
  { config }: LaunchOptions,
  addresses: readonly string[],
  path: string,
): Promise<Certificate | undefined> {
  return await openCertificate({ folder: config.dataFolder, addresses, nowUnixMs: Date.now(), path })
}

async function untilReady(address: Parameters<typeof isReady>[0], signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await isReady(address, signal))) await pause(READY_POLL_MS, signal)
}

/** @throws {NestriError} ERR_START_TIMEOUT */
async function within<T>(work: Promise<T>, what: string): Promise<T> {
  try {
    return await withDeadline(work, START_MS, what)
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
    throw new NestriError('ERR_START_TIMEOUT', { what, seconds: START_MS / 1000 }, { cause: error })
  }
}

/** A signal that aborts when the program begins to close. */
function stackSignal(stack: AsyncDisposableStack): AbortSignal {
  const aborter = new AbortController()
  stack.defer(() => aborter.abort())
  return aborter.signal
}

/** The second Ctrl-C ends this process without closing anything; the groups of its children must not outlive it. */
function killOnSecondSignal(children: readonly KeptChild[]): void {
  process.once('exit', () => {
    for (const child of children) child.kill()
  })
}
