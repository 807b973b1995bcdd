// SPDX-License-Identifier: Apache-2.0
// The certificate of `--lan`: keyboard lock, clipboard and gamepads need a secure page, and no authority signs for
// addresses of a home network. It is made once and kept, so that the exception that a browser was given stays valid.

import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { NestriError } from '@nestri/protocol'
import { describeExit, spawnChild } from '@nestri/runtime'

export interface Certificate {
  certFile: string
  keyFile: string
  /** SHA-256, as browsers show it: `AB:CD:...`. */
  fingerprint: string
}

/** Lifetime in days; Safari takes none beyond 398. */
const LIFETIME_DAYS = 397
/** A certificate that ends sooner is replaced. */
const REMAINING_MS = 7 * 24 * 3600 * 1000
const OPENSSL_MS = 20_000

export interface CertificateOptions {
  /** Folder that keeps it. */
  folder: string
  /** Addresses that it is made for, beside this machine's own names. */
  addresses: readonly string[]
  nowUnixMs: number
  path: string
}

/**
 * The kept certificate, or a new one.
 * @throws {NestriError} ERR_PROGRAM_MISSING or ERR_CERTIFICATE
 */
export async function openCertificate(options: CertificateOptions): Promise<Certificate> {
  const { folder, nowUnixMs } = options
  const kept = await readCertificate(folder)
  if (kept !== undefined && Date.parse(kept.validTo) - nowUnixMs > REMAINING_MS) return found(folder, kept)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await makeCertificate(options)
  const made = await readCertificate(folder)
  if (made === undefined) throw new NestriError('ERR_CERTIFICATE', { detail: `${folder} holds no readable one` })
  return found(folder, made)
}

function found(folder: string, { fingerprint256 }: X509Certificate): Certificate {
  return { ...files(folder), fingerprint: fingerprint256 }
}

function files(folder: string): { certFile: string; keyFile: string } {
  return { certFile: join(folder, 'lan-cert.pem'), keyFile: join(folder, 'lan-key.pem') }
}

async function readCertificate(folder: string): Promise<X509Certificate | undefined> {
  const { certFile, keyFile } = files(folder)
  try {
    await readFile(keyFile)
    return new X509Certificate(await readFile(certFile))
  } catch {
    return undefined
  }
}

async function makeCertificate({ folder, addresses, path }: CertificateOptions): Promise<void> {
  const { certFile, keyFile } = files(folder)
  const names = ['DNS:localhost', ...['127.0.0.1', '::1', ...addresses].map((address) => `IP:${address}`)]
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256']
  const subject = ['-days', String(LIFETIME_DAYS), '-subj', '/O=Nestri/CN=Nestri on this machine']
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'extendedKeyUsage=serverAuth',
    `subjectAltName=${names.join(',')}`,
  ]
  const openssl = spawnChild({
    name: 'openssl',
    command: 'openssl',
    // The key is written first under another name: half a pair is never taken for a whole one.
    args: [
      ...args,
      ...subject,
      ...extensions.flatMap((e) => ['-addext', e]),
      '-keyout',
      `${keyFile}.new`,
      '-out',
      `${certFile}.new`,
    ],
    env: { PATH: path },
    stdin: 'ignore',
  })
  const timer = setTimeout(() => openssl.signal('SIGKILL'), OPENSSL_MS)
  const status = await openssl.exited
  clearTimeout(timer)
  if (status.code !== 0) {
    await Promise.all([rm(`${keyFile}.new`, { force: true }), rm(`${certFile}.new`, { force: true })])
    if (status.code === 127) throw new NestriError('ERR_PROGRAM_MISSING', { program: 'openssl' })
    throw new NestriError('ERR_CERTIFICATE', { detail: openssl.lastWords().at(-1) ?? describeExit(status) })
  }
  await rename(`${certFile}.new`, certFile)
  await rename(`${keyFile}.new`, keyFile)
}
