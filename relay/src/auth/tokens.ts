// SPDX-License-Identifier: Apache-2.0
// Verifies tokens and signs resume tokens (RFC 7515, RFC 8037). One algorithm, keys by id, every refusal with its code.
// Signatures are compared inside OpenSSL; no secret is compared here. Tokens are never logged.

import {
  MAX_TOKEN_CHARS,
  NestriError,
  TOKEN_AUDIENCE,
  TOKEN_ISSUER,
  TOKEN_SKEW_SECONDS,
  tokenClaims,
} from '@nestri/protocol'
import type { ResumeClaims, TokenClaims, TokenUse } from '@nestri/protocol'
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import * as v from 'valibot'
import type { KeyFolder, KeyUse, VerifyKey } from './key-folder.ts'

/** Both names of Ed25519 signatures: RFC 8037's and RFC 9864's. */
const ALGORITHMS = ['EdDSA', 'Ed25519']

/** Which kind of key vouches for which kind of token: a relay's own key cannot make invites. */
const KEY_USE: Readonly<Record<TokenUse, KeyUse>> = {
  invite: 'invite',
  runner: 'invite',
  operator: 'invite',
  resume: 'mesh',
}

/** Claims that are accepted, and when the token was issued (Unix seconds, 0 = it does not say). */
export interface Verified<U extends TokenUse> {
  claims: Extract<TokenClaims, { use: U }>
  issuedAt: number
}

/**
 * Checks signature, times and shape of a token that must have one of `uses`.
 * @throws {NestriError} ERR_TOKEN_MALFORMED, ERR_TOKEN_KEY, ERR_TOKEN_EXPIRED or ERR_TOKEN_USE
 */
export async function verifyToken<U extends TokenUse>(
  keys: KeyFolder,
  token: string,
  uses: readonly U[],
): Promise<Verified<U>> {
  const key = await keyOf(keys, token)
  const payload = await verifySignature(token, key)
  const parsed = v.safeParse(tokenClaims, payload)
  if (!parsed.success) throw new NestriError('ERR_TOKEN_MALFORMED')
  const claims = parsed.output
  if (KEY_USE[claims.use] !== key.use) throw new NestriError('ERR_TOKEN_KEY')
  if (!isOneOf(claims, uses)) throw new NestriError('ERR_TOKEN_USE', { use: claims.use })
  return { claims, issuedAt: payload.iat ?? 0 }
}

/** Signs a resume token with the newest mesh key. */
export async function signResume(keys: KeyFolder, claims: ResumeClaims): Promise<string> {
  const key = keys.signingKey('mesh')
  if (key === undefined) throw new Error('there is no mesh key')
  return await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: key.kid })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(TOKEN_AUDIENCE)
    .setIssuedAt()
    .sign(key.privateKey)
}

function isOneOf<U extends TokenUse>(
  claims: TokenClaims,
  uses: readonly U[],
): claims is Extract<TokenClaims, { use: U }> {
  return uses.some((use) => use === claims.use)
}

async function keyOf(keys: KeyFolder, token: string): Promise<VerifyKey> {
  if (token.length > MAX_TOKEN_CHARS || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw new NestriError('ERR_TOKEN_MALFORMED')
  }
  let header: { alg?: string; kid?: string }
  try {
    header = decodeProtectedHeader(token)
  } catch {
    throw new NestriError('ERR_TOKEN_MALFORMED')
  }
  const { alg, kid } = header
  if (typeof kid !== 'string' || !ALGORITHMS.includes(alg ?? '')) throw new NestriError('ERR_TOKEN_MALFORMED')
  const key = await keys.find(kid)
  if (key === undefined) throw new NestriError('ERR_TOKEN_KEY')
  return key
}

async function verifySignature(token: string, { publicKey }: VerifyKey): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, publicKey, {
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      algorithms: ALGORITHMS,
      clockTolerance: TOKEN_SKEW_SECONDS,
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new NestriError('ERR_TOKEN_EXPIRED')
    if (error instanceof errors.JWSSignatureVerificationFailed) throw new NestriError('ERR_TOKEN_KEY')
    throw new NestriError('ERR_TOKEN_MALFORMED', {}, { cause: error })
  }
}
