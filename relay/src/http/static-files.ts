// SPDX-License-Identifier: Apache-2.0
// The viewer's built files, read into memory once: only what the build put there can be asked for, so no path of a
// request ever reaches the file system.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { COMMON_HEADERS } from './replies.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}
const COMPRESSED: ReadonlySet<string> = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt'])
/** Vite puts hashed names here: such a file never changes. */
const HASHED_FOLDER = '/assets/'
const YEAR_SECONDS = 31_536_000

interface StaticFile {
  type: string
  etag: string
  body: Buffer
  gzipped: Buffer | undefined
  immutable: boolean
}

export class StaticFiles {
  readonly #folder: string
  #files: ReadonlyMap<string, StaticFile> = new Map()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Answers a GET or HEAD for a file of the build. False = there is no such file and nothing was sent. */
  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> {
    const name = path === '/' ? '/index.html' : path
    // Without a build yet (a developer starts the relay first) each request for the page looks again.
    if (this.#files.size === 0) this.#files = await readBuild(this.#folder)
    const file = this.#files.get(name)
    if (file === undefined) return false
    const zipped = file.gzipped !== undefined && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
    const headers = {
      ...COMMON_HEADERS,
      'content-type': file.type,
      'cache-control': file.immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
      etag: file.etag,
      vary: 'accept-encoding',
      ...(name.endsWith('.html') ? pageHeaders(request.headers.host) : {}),
    }
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304, headers).end()
      return true
    }
    const body = zipped && file.gzipped !== undefined ? file.gzipped : file.body
    response.writeHead(200, {
      ...headers,
      ...(zipped ? { 'content-encoding': 'gzip' } : {}),
      'content-length': body.length,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
    return true
  }
}

/** A page may load from its own origin only: no inline script or style, no frame around it, no form. */
function pageHeaders(host: string | undefined): Record<string, string> {
  const sockets = host !== undefined && /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : ''
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "media-src 'self' blob: mediastream:",
    "manifest-src 'self'",
    "worker-src 'self'",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  }
}

async function readBuild(folder: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const type = TYPES[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const path = join(entry.parentPath, entry.name)
    const body = await readFile(path)
    const name = path.slice(folder.length).replaceAll('\\', '/')
    files.set(name.startsWith('/') ? name : `/${name}`, {
      type,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      body,
      gzipped: COMPRESSED.has(extname(entry.name)) ? await promisify(gzip)(body) : undefined,
      immutable: name.includes(HASHED_FOLDER),
    })
  }
  return files.has('/index.html') ? files : new Map()
}
