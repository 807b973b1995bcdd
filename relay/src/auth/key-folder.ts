// SPDX-License-Identifier: Apache-2.0
// The keys of tokens: a folder with one JWK file per key (docs/protocol.md, section Keys), read again when it changes.
// A file that cannot be read is skipped with a warning; the last good set stays until a better one is there.

import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@nestri/runtime'
import { exportJWK, generateKeyPair, importJWK } from 'jose'
import type { CryptoKey } from 'jose'
import { ulid } from 'ulid'
import * as v from 'valibot'

/** What a key may vouch for. */
export type KeyUse = 'invite' | 'mesh'

export interface VerifyKey {
  kid: string
  use: KeyUse
  publicKey: CryptoKey
  /** Present where the file holds the private part. */
  privateKey: CryptoKey | undefined
}

const base64url = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, 'is not 32 bytes of base64url'))
const keyFile = v.object({
  kty: v.literal('OKP'),
  crv: v.literal('Ed25519'),
  use: v.picklist(['invite', 'mesh']),
  x: base64url,
  d: v.optional(base64url),
})

/** How often the folder is looked at, in ms. Secrets of Kubernetes change by a symlink swap that file watches miss. */
const POLL_MS = 2_000
/** An unknown key id makes the folder be read at once, but not more often than this. */
const REREAD_MS = 1_000

export class KeyFolder implements Disposable {
  readonly #folder: string
  readonly #log: Logger
  readonly #timer: NodeJS.Timeout
  #keys: ReadonlyMap<string, VerifyKey> = new Map()
  #fingerprint = ''
  #reading: Promise<void> | undefined
  #readAtMs = Number.NEGATIVE_INFINITY

  private constructor(folder: string, log: Logger) {
    this.#folder = folder
    this.#log = log
    this.#timer = setInterval(() => void this.#read(), POLL_MS)
    this.#timer.unref()
  }

  /** Reads the folder. Makes a mesh key where there is none, in memory only where the folder cannot be written. */
  static async open(folder: string, log: Logger): Promise<KeyFolder> {
    const keys = new KeyFolder(folder, log)
    await keys.#read()
    if (keys.signingKey('mesh') === undefined) await keys.#makeMeshKey()
    return keys
  }

  /** The key of a token, read from the folder again when it is not known yet. */
  async find(kid: string): Promise<VerifyKey | undefined> {
    const known = this.#keys.get(kid)
    if (known !== undefined || performance.now() - this.#readAtMs < REREAD_MS) return known
    await this.#read()
    return this.#keys.get(kid)
  }

  /** The newest key that can sign for `use`: ids are ULIDs, the greatest is the newest. */
  signingKey(use: KeyUse): (VerifyKey & { privateKey: CryptoKey }) | undefined {
    const [newest] = [...this.#keys.values()]
      .filter((key) => key.use === use && key.privateKey !== undefined)
      .sort((a, b) => (a.kid < b.kid ? 1 : -1))
    return newest?.privateKey === undefined ? undefined : { ...newest, privateKey: newest.privateKey }
  }

  /** Number of keys for `use`. */
  count(use: KeyUse): number {
    return [...this.#keys.values()].filter((key) => key.use === use).length
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readFolder()
      .catch((error: unknown) => this.#log.warn({ err: error, folder: this.#folder }, 'keys could not be read'))
      .finally(() => {
        this.#reading = undefined
        this.#readAtMs = performance.now()
      })
    return this.#reading
  }

  async #readFolder(): Promise<void> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
    const stats = await Promise.all(names.map((name) => stat(join(this.#folder, name)).catch(() => undefined)))
    const fingerprint = names.map((name, i) => `${name}:${stats[i]?.mtimeMs}:${stats[i]?.size}`).join('\n')
    if (fingerprint === this.#fingerprint) return
    const keys = new Map<string, VerifyKey>()
    for (const name of names) {
      const kid = name.slice(0, -'.json'.length)
      try {
        keys.set(kid, await readKey(join(this.#folder, name), kid))
      } catch (error) {
        this.#log.warn({ file: name, reason: error instanceof Error ? error.message : 'unknown' }, 'key file skipped')
      }
    }
    // A mesh key that lives in memory only must outlive changes of the folder.
    for (const [kid, key] of this.#keys) if (kid.startsWith(MEMORY_PREFIX)) keys.set(kid, key)
    this.#fingerprint = fingerprint
    this.#keys = keys
    this.#log.info({ folder: this.#folder, kids: [...keys.keys()] }, 'keys read')
  }

  async #makeMeshKey(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
    const kid = ulid()
    const file = join(this.#folder, `${kid}.json`)
    try {
      await mkdir(this.#folder, { recursive: true })
      const jwk = { ...(await exportJWK(privateKey)), alg: 'EdDSA', use: 'mesh', kid }
      await writeFile(`${file}.part`, `${JSON.stringify(jwk)}\n`, { mode: 0o600 })
      await rename(`${file}.part`, file)
      await this.#read()
      this.#log.info({ folder: this.#folder, kid }, 'mesh key made')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warn({ folder: this.#folder, reason }, 'mesh key is in memory only: seats do not outlive this relay')
      const inMemory = `${MEMORY_PREFIX}${kid}`
      this.#keys = new Map([...this.#keys, [inMemory, { kid: inMemory, use: 'mesh', publicKey, privateKey }]])
    }
  }
}

const MEMORY_PREFIX = 'memory-'

async function readKey(file: string, kid: string): Promise<VerifyKey> {
  const { kty, crv, use, x, d } = v.parse(keyFile, JSON.parse(await readFile(file, 'utf8')))
  const publicKey = (await importJWK({ kty, crv, x }, 'EdDSA')) as CryptoKey
  const privateKey = d === undefined ? undefined : ((await importJWK({ kty, crv, x, d }, 'EdDSA')) as CryptoKey)
  return { kid, use, publicKey, privateKey }
}
