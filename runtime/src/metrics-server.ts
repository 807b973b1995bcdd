// SPDX-License-Identifier: Apache-2.0
// Serves a program's Prometheus registry on its own port, never on the public one.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

export interface MetricsServerOptions {
  /** TCP port; 0 picks a free one. */
  port: number
  /** Address to listen on; empty = all. */
  address: string
  registry: Registry
  /** Called before each scrape, to refresh gauges that are read and not counted. */
  onScrape?: () => Promise<void>
}

export interface MetricsServer extends AsyncDisposable {
  port: number
}

const PATHS: ReadonlySet<string> = new Set(['/metrics', '/debug/metrics/prometheus'])

/** Starts serving `/metrics` and the predecessor's `/debug/metrics/prometheus`. Rejects with the listener's error. */
export async function openMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { registry, onScrape } = options
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    if (request.method !== 'GET' || !PATHS.has(request.url ?? '')) {
      response.writeHead(404).end('not found\n')
      return
    }
    Promise.resolve(onScrape?.())
      .then(() => registry.metrics())
      .then(
        (body) => response.writeHead(200, { 'content-type': registry.contentType }).end(body),
        () => response.writeHead(500).end('metrics could not be collected\n'),
      )
  })
  server.listen(options.port, options.address === '' ? undefined : options.address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
