// SPDX-License-Identifier: Apache-2.0
// The relay program: reads its configuration, opens everything and waits. All wiring is here.

import { NestriError } from '@nestri/protocol'
import { openMetricsServer, runApp, untilAborted } from '@nestri/runtime'
import type { App } from '@nestri/runtime'
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
  if (settings.auth === 'open') {
    log.warn('NESTRI_AUTH=open: anybody who reaches this relay may publish, watch and play')
  }
  const keys = stack.use(await KeyFolder.open(config.keysFolder, log))
  const workers = stack.use(
    await MediaWorkers.open({
      count: config.workers,
      firstPort: config.firstMediaPort,
      listenAddress: config.mediaAddress,
      announcedAddresses: config.announcedAddresses,
      workerBin: config.workerBin,
      log,
    }),
  )
  const registry = stack.use(
    new RoomRegistry({
      workers,
      log,
      maxRooms: settings.maxRooms,
      maxViewers: settings.maxViewers,
      open: settings.auth === 'open',
    }),
  )
  const admission = new Admission(keys, settings.auth)
  const metrics = new RelayMetrics()
  const onRefused = (code: string): void => {
    metrics.refused(code)
    log.debug({ code }, 'refused')
  }
  const onJoined = (ms: number): void => metrics.joined(ms)
  const sessions = new Set<ViewerSession | RunnerSession>()
  const http = stack.use(
    await openHttpServer({
      port: settings.endpointPort,
      address: settings.listenAddress,
      tls:
        settings.tlsCert === undefined || settings.tlsKey === undefined
          ? undefined
          : { cert: settings.tlsCert, key: settings.tlsKey },
      routes: {
        admission,
        registry,
        files: new StaticFiles(config.viewerFolder),
        allowedOrigins: settings.allowedOrigins,
        isReady: () => workers.alive,
        isClosing: () => signal.aborted,
        log,
        onRefused,
      },
      log,
      onViewer: (socket) => {
        const session = new ViewerSession(socket, {
          admission,
          keys,
          registry,
          log,
          onRefused,
          onJoined,
        })
        sessions.add(session)
        socket.once('close', () => sessions.delete(session))
      },
      onRunner: (socket) => {
        const session = new RunnerSession(socket, { admission, registry, log, onRefused })
        sessions.add(session)
        socket.once('close', () => sessions.delete(session))
      },
    }),
  )
  stack.defer(() => {
    for (const session of sessions) session.close(new NestriError('ERR_DRAINING'), CLOSE.goingAway)
  })
  if (settings.metrics) {
    stack.use(
      await openMetricsServer({
        port: settings.metricsPort,
        address: settings.listenAddress,
        registry: metrics.registry,
        onScrape: async () => await metrics.collect(registry, workers),
      }).catch((error: unknown) => {
        throw portError(error, settings.metricsPort)
      }),
    )
  }
  log.info(
    {
      port: http.port,
      tls: settings.tlsCert !== undefined,
      mediaPorts: workers.slots.map(({ port }) => port),
      addresses: config.announcedAddresses,
      auth: settings.auth,
    },
    'relay is ready',
  )
  await untilAborted(signal)
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
