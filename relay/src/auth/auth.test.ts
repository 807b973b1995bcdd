// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createLogger, waitFor } from '@nestri/runtime'
import { anInvite, anOperator, aRunner, inSeconds, INVITE_KID, makeKeys, MESH_KID } from '../../test/support/keys.ts'
import type { TestKeys } from '../../test/support/keys.ts'
import { Admission } from './admission.ts'
import { KeyFolder } from './key-folder.ts'
import { signResume, verifyToken } from './tokens.ts'

const log = createLogger('test', 'silent')
const VIEWER = { viewer: 'v1', room: 'demo', role: 'player', generation: 1 } as const

describe('tokens', () => {
  let keys: TestKeys
  let folder: KeyFolder
  before(async () => {
    keys = await makeKeys(await mkdtemp(join(tmpdir(), 'nestri-auth-')))
    folder = await KeyFolder.open(keys.folder, log)
  })
  after(async () => {
    folder[Symbol.dispose]()
    await rm(keys.folder, { recursive: true })
  })
  const hello = { type: 'hello', version: 1, room: 'demo' } as const
  const admission = (): Admission => new Admission(folder, 'token')

  test('an invite grants what it says', async () => {
    const grant = await admission().viewer({ ...hello, token: await keys.sign(anInvite('demo', 'spectator')) })
    assert.deepEqual([grant.role, grant.room, grant.generation, grant.resumed], ['spectator', 'demo', 1, false])
  })

  test('a resume token brings viewer, role and seat back, and is tried before the invite', async () => {
    const resume = await signResume(folder, { use: 'resume', ...VIEWER, seat: 0, exp: inSeconds(60) })
    const token = await keys.sign(anInvite('demo', 'spectator'))
    const grant = await admission().viewer({ ...hello, resume, token })
    assert.deepEqual([grant.viewer, grant.role, grant.claim?.seat, grant.resumed], ['v1', 'player', 0, true])
  })

  test('with a resume token that is no good the invite counts', async () => {
    const token = await keys.sign(anInvite('demo', 'player'))
    assert.equal((await admission().viewer({ ...hello, resume: 'a.b.c', token })).resumed, false)
    await assert.rejects(admission().viewer({ ...hello, resume: 'a.b.c' }), { code: 'ERR_TOKEN_MALFORMED' })
  })

  const refusals: [name: string, code: string, token: () => Promise<string | undefined>][] = [
    ['nothing', 'ERR_TOKEN_MISSING', async () => undefined],
    ['junk', 'ERR_TOKEN_MALFORMED', async () => 'junk'],
    ['a token without a signature', 'ERR_TOKEN_MALFORMED', async () => 'eyJhbGciOiJub25lIn0.e30.'],
    ['an endless token', 'ERR_TOKEN_MALFORMED', async () => `${'a'.repeat(3_000)}.b.c`],
    ['another room', 'ERR_TOKEN_ROOM', async () => await keys.sign(anInvite('other', 'player'))],
    [
      'an old token',
      'ERR_TOKEN_EXPIRED',
      async () => await keys.sign(anInvite('demo', 'player', { exp: inSeconds(-60) })),
    ],
    ['a runner token', 'ERR_TOKEN_USE', async () => await keys.sign(aRunner('demo'))],
    [
      'an invite signed by a mesh key',
      'ERR_TOKEN_KEY',
      async () => await keys.signWith(MESH_KID, anInvite('demo', 'player')),
    ],
    [
      'a changed token',
      'ERR_TOKEN_KEY',
      async () => {
        const [header, , signature] = (await keys.sign(anInvite('demo', 'spectator'))).split('.')
        const [, payload] = (await keys.sign(anInvite('demo', 'player'))).split('.')
        return `${header}.${payload}.${signature}`
      },
    ],
    [
      'a token of a key that is not here',
      'ERR_TOKEN_KEY',
      async () => {
        const other = await makeKeys(await mkdtemp(join(tmpdir(), 'nestri-auth-')))
        await other.add('01J9', 'invite')
        const token = await other.signWith('01J9', anInvite('demo', 'player'))
        await rm(other.folder, { recursive: true })
        return token
      },
    ],
  ]
  for (const [name, code, token] of refusals) {
    test(`${name} is refused with ${code}`, async () => {
      const given = await token()
      await assert.rejects(admission().viewer({ ...hello, ...(given === undefined ? {} : { token: given }) }), { code })
    })
  }

  test('a resume token signed by an invite key is refused', async () => {
    const resume = await keys.signWith(INVITE_KID, { use: 'resume', ...VIEWER, exp: inSeconds(60) })
    await assert.rejects(verifyToken(folder, resume, ['resume']), { code: 'ERR_TOKEN_KEY' })
  })

  test('a runner token is for one room and one epoch', async () => {
    const token = await keys.sign(aRunner('demo', { epoch: 3 }))
    assert.equal((await admission().runner({ room: 'demo', epoch: 3, token })).uid, 'uid-demo')
    await assert.rejects(admission().runner({ room: 'demo', epoch: 4, token }), { code: 'ERR_TOKEN_ROOM' })
    await assert.rejects(admission().runner({ room: 'demo', epoch: 3 }), { code: 'ERR_TOKEN_MISSING' })
  })

  test('callers of the API are told apart', async () => {
    assert.deepEqual(await admission().caller(undefined), { kind: 'anybody' })
    assert.deepEqual(await admission().caller(await keys.sign(anOperator())), { kind: 'operator' })
    const invite = await keys.sign(anInvite('demo', 'player'))
    assert.deepEqual(await admission().caller(invite), { kind: 'room', room: 'demo' })
    await assert.rejects(admission().operator(invite), { code: 'ERR_TOKEN_USE' })
    await assert.rejects(admission().operator(undefined), { code: 'ERR_TOKEN_MISSING' })
  })

  test('an open relay lets everybody in, as a spectator unless it asks for more', async () => {
    const open = new Admission(folder, 'open')
    assert.equal((await open.viewer(hello)).role, 'spectator')
    assert.equal((await open.viewer({ ...hello, role: 'player' })).role, 'player')
    assert.equal((await open.runner({ room: 'demo', epoch: 0 })).public, true)
  })

  test('a key that is added later verifies at once, and the newest one signs', async () => {
    await keys.add('01Z0000000000000000000000A', 'invite')
    await keys.add('01Z0000000000000000000000B', 'mesh')
    await writeFile(join(keys.folder, '01Z0000000000000000000000C.json'), '{"kty":"RSA"}')
    const token = await keys.signWith('01Z0000000000000000000000A', anInvite('demo', 'player'))
    const verified = async (): Promise<boolean> =>
      await verifyToken(folder, token, ['invite']).then(
        () => true,
        () => false,
      )
    await waitFor(verified, { what: 'the new key', deadlineMs: 3_000 })
    assert.equal(folder.signingKey('mesh')?.kid, '01Z0000000000000000000000B')
    assert.equal(folder.count('mesh'), 2)
  })
})

test('a folder without a mesh key gets one that only its owner can read, and the next start finds it', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'nestri-auth-'))
  const folder = join(parent, 'keys')
  using first = await KeyFolder.open(folder, log)
  const [file] = await readdir(folder)
  assert.ok(file !== undefined)
  assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600)
  using second = await KeyFolder.open(folder, log)
  assert.equal(second.signingKey('mesh')?.kid, first.signingKey('mesh')?.kid)
  await rm(parent, { recursive: true })
})
