// SPDX-License-Identifier: Apache-2.0
// The key of one run and what it signs. The private part never leaves this process: the relay's folder gets the public
// part alone, and when the run ends nobody can make tokens for it any more.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '@nestri/protocol'
import type { TokenClaims } from '@nestri/protocol'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { ulid } from 'ulid'

/** Signs one token. */
export type Sign = (claims: TokenClaims) => Promise<string>

/** Makes an invite key, puts its public part into the relay's folder and returns what signs with it. */
export async function makeInviteKey(folder: string): Promise<Sign> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const kid = ulid()
  const jwk = { ...(await exportJWK(publicKey)), alg: 'EdDSA', use: 'invite', kid }
  await writeFile(join(folder, `${kid}.json`), `${JSON.stringify(jwk)}\n`, { mode: 0o600 })
  return async (claims) =>
    await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_AUDIENCE)
      .setIssuedAt()
      .sign(privateKey)
}
