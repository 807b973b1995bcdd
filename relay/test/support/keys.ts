// SPDX-License-Identifier: Apache-2.0
// A folder of signing keys, and tokens as an operator or a launcher would issue them.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '@nestri/protocol'
import type { InviteClaims, OperatorClaims, ResumeClaims, RunnerClaims } from '@nestri/protocol'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey } from 'jose'

export type AnyClaims = InviteClaims | RunnerClaims | OperatorClaims | ResumeClaims

export interface TestKeys {
  folder: string
  /** Signs with the invite key. */
  sign: (claims: AnyClaims) => Promise<string>
  /** Signs with the key of another file. */
  signWith: (kid: string, claims: AnyClaims) => Promise<string>
  /** Adds a key to the folder. */
  add: (kid: string, use: 'invite' | 'mesh') => Promise<void>
}

export const INVITE_KID = '01J0000000000000000000000A'
export const MESH_KID = '01J0000000000000000000000B'

/** Makes `folder` hold an invite key and a mesh key. */
export async function makeKeys(folder: string): Promise<TestKeys> {
  const privateKeys = new Map<string, CryptoKey>()
  const add = async (kid: string, use: 'invite' | 'mesh'): Promise<void> => {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
    privateKeys.set(kid, privateKey)
    await writeFile(
      join(folder, `${kid}.json`),
      JSON.stringify({ ...(await exportJWK(privateKey)), alg: 'EdDSA', use, kid }),
    )
  }
  const signWith = async (kid: string, claims: AnyClaims): Promise<string> => {
    const key = privateKeys.get(kid)
    if (key === undefined) throw new Error(`there is no key ${kid}`)
    return await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_AUDIENCE)
      .sign(key)
  }
  await add(INVITE_KID, 'invite')
  await add(MESH_KID, 'mesh')
  return { folder, add, signWith, sign: async (claims) => await signWith(INVITE_KID, claims) }
}

/** Unix seconds, `seconds` from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds
}

export function anInvite(room: string, role: 'player' | 'spectator', change: Partial<InviteClaims> = {}): InviteClaims {
  return { use: 'invite', room, role, generation: 1, exp: inSeconds(600), ...change }
}

export function aRunner(room: string, change: Partial<RunnerClaims> = {}): RunnerClaims {
  const limits = { public: false, seats: 1, maxViewers: 100 }
  return { use: 'runner', room, uid: `uid-${room}`, epoch: 1, generation: 1, ...limits, ...change }
}

export function anOperator(): OperatorClaims {
  return { use: 'operator', exp: inSeconds(600) }
}
