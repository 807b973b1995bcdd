// SPDX-License-Identifier: Apache-2.0
// The relay program: reads its configuration, opens everything and waits. All wiring is here.

import { NestriError } from '@nestri/protocol'
import { openMetricsServer, runApp, untilAborted } from '@nestri/runtime'
import type { App, Logger } from '@nestri/runtime'
import type { WebSocket } from 'ws'
import { Admission } from './auth/admission.ts'
import { KeyFolder } from './auth/key-folder.ts'
import { readConfig } from './config.ts'
import type { RelayConfig } from './config.ts'
import { CLOSE } from './http/message-socket.ts'
import { openHttpServer, portError } from './http/server.ts'
import { StaticFiles } from './http/static-files.ts'
import { RunnerSession } from './ingest/runner-session.ts'
import { RelayMetrics } from './metrics.ts'
import { RoomRegistry } from './rooms/registry.ts'
import { MediaWorkers } from './sfu/media-workers.ts'
import { ViewerSession } from './signaling/viewer-session.ts'

async function relay({ signal, stack, log }: App, config: RelayConfig): Promise<void> {
  const { settings } = config
  const open = settings.auth === 'open'
  if (open) log.warn('NESTRI_AUTH=open: anybody who reaches this relay may publish, watch and play')
  const { workers: count, firstMediaPort: firstPort, mediaAddress, announcedAddresses, workerBin } = config
  const keys = stack.use(await KeyFolder.open(config.keysFolder, log))
  const workers = stack.use(
    await MediaWorkers.open({ count, firstPort, listenAddress: mediaAddress, announcedAddresses, workerBin, log }),
  )
  const { maxRooms, maxViewers } = settings
  const registry = stack.use(new RoomRegistry({ workers, log, maxRooms, maxViewers, open }))
  const metrics = new RelayMetrics()
  const { port, tls } = await openDoors({ config, keys, workers, registry, metrics, stack, signal, log })
  if (settings.metrics) {
    const { metricsPort, listenAddress: address } = settings
    const onScrape = async (): Promise<void> => await metrics.collect(registry, workers)
    const opening = openMetricsServer({ port: metricsPort, address, registry: metrics.registry, onScrape })
    stack.use(
      await opening.catch((error: unknown) => {
        throw portError(error, metricsPort)
      }),
    )
  }
  const mediaPorts = workers.slots.map((slot) => slot.port)
  log.info({ port, tls, mediaPorts, addresses: announcedAddresses, auth: settings.auth }, 'relay is ready')
  await untilAborted(signal)
}

interface Doors {
  config: RelayConfig
  keys: KeyFolder
  workers: MediaWorkers
  registry: RoomRegistry
  metrics: RelayMetrics
  stack: AsyncDisposableStack
  signal: AbortSignal
  log: Logger
}

/** Opens the public port. At the end everybody is told first, then it is closed. */
async function openDoors(doors: Doors): Promise<{ port: number; tls: boolean }> {
  const { config, keys, workers, registry, metrics, stack, signal, log } = doors
  const { auth, endpointPort, listenAddress, allowedOrigins, tlsCert, tlsKey } = config.settings
  const admission = new Admission(keys, auth)
  const onRefused = (code: string): void => {
    metrics.refused(code)
    log.debug({ code }, 'refused')
  }
  const onJoined = (ms: number): void => metrics.joined(ms)
  const sessions = new Set<ViewerSession | RunnerSession>()
  const keep = (socket: WebSocket, session: ViewerSession | RunnerSession): void => {
    sessions.add(session)
    socket.once('close', () => sessions.delete(session))
  }
  const tls = tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey }
  const http = stack.use(
    await openHttpServer({
      port: endpointPort,
      address: listenAddress,
      tls,
      routes: {
        admission,
        registry,
        files: new StaticFiles(config.viewerFolder),
        allowedOrigins,
        isReady: () => workers.alive,
        isClosing: () => signal.aborted,
        log,
        onRefused,
      },
      log,
      onViewer: (socket) => {
        keep(socket, new ViewerSession(socket, { admission, keys, registry, log, onRefused, onJoined }))
      },
      onRunner: (socket) => keep(socket, new RunnerSession(socket, { admission, registry, log, onRefused })),
    }),
  )
  stack.defer(() => {
    for (const session of sessions) session.close(new NestriError('ERR_DRAINING'), CLOSE.goingAway)
  })
  return { port: http.port, tls: tls !== undefined }
}

let config: RelayConfig | undefined
let problem: unknown
try {
  config = readConfig()
} catch (error) {
  problem = error
}
await runApp(
  {
    name: 'relay',
    logLevel: config?.logLevel ?? 'info',
    endWithParent: config?.settings.parentStdin ?? false,
    closeDeadlineMs: 2_000,
  },
  async (app) => {
    if (config === undefined) throw problem
    await relay(app, config)
  },
)
