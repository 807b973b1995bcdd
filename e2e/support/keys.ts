// SPDX-License-Identifier: Apache-2.0
// A folder of signing keys as a relay reads it, and the tokens that an operator or a launcher would issue.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type InviteClaims,
  type OperatorClaims,
  type RunnerClaims,
  TOKEN_AUDIENCE,
  TOKEN_ISSUER,
} from '@nestri/protocol'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'

export interface Keys {
  /** Folder for NESTRI_KEYS_DIR. */
  folder: string
  sign: (claims: InviteClaims | RunnerClaims | OperatorClaims) => Promise<string>
}

const ALG = 'EdDSA'

/** Makes an invite key and a mesh key in `folder`. Ids are ULID-like: the later one sorts last. */
export async function makeKeys(folder: string, serial = '01'): Promise<Keys> {
  const inviteKid = `01J${serial}INVITE`
  const privateKey = await writeKey(folder, inviteKid, 'invite')
  await writeKey(folder, `01J${serial}MESH`, 'mesh')
  return {
    folder,
    sign: async (claims) =>
      await new SignJWT({ ...claims })
        .setProtectedHeader({ alg: ALG, kid: inviteKid })
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TOKEN_AUDIENCE)
        .sign(privateKey),
  }
}

async function writeKey(folder: string, kid: string, use: 'invite' | 'mesh'): Promise<CryptoKey> {
  const { privateKey } = await generateKeyPair(ALG, { crv: 'Ed25519', extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid, use, alg: ALG }
  await writeFile(join(folder, `${kid}.json`), JSON.stringify(jwk), { mode: 0o600 })
  return privateKey
}

/** Seconds since the epoch, `seconds` from now: the unit of `exp`. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

export function inviteClaims(room: string, role: 'player' | 'spectator', generation = 1): InviteClaims {
  return { use: 'invite', room, role, generation, exp: inSeconds(3600) }
}

export function runnerClaims(room: string, epoch = 1, generation = 1): RunnerClaims {
  return { use: 'runner', room, uid: `uid-${room}`, epoch, generation, public: false, seats: 1, maxViewers: 100 }
}

export function operatorClaims(): OperatorClaims {
  return { use: 'operator', exp: inSeconds(3600) }
}
