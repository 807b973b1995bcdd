// SPDX-License-Identifier: Apache-2.0
// The parts of the set-up that must hold on a bad day: the lock, the retries, the end of programs, and the packages.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { startPackages, testPackages } from '../packages.mjs'
import { installCommand, missingPackages } from './apt.mjs'
import { plainEnvironment, run, withRetries } from './command.mjs'
import { lockSetup } from './lock.mjs'
import { cacheRoot, hashOf, node24, root } from './paths.mjs'
import { duration } from './progress.mjs'

async function folderFor(t) {
  const folder = await mkdtemp(join(tmpdir(), 'nestri-setup-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('a second set-up waits until the first one has released the lock', async (t) => {
  const file = join(await folderFor(t), 'deep', 'setup.lock')
  const first = await lockSetup(file, () => assert.fail('nothing holds it'))
  const order = []
  const waiting = Promise.withResolvers()
  const second = lockSetup(file, waiting.resolve).then((lock) => {
    order.push('taken')
    return lock
  })
  await waiting.promise
  order.push('released')
  await first.release()
  const lock = await second
  assert.deepEqual(order, ['released', 'taken'])
  await lock.release()
})

test('a set-up that is killed frees the lock', async (t) => {
  const file = join(await folderFor(t), 'setup.lock')
  const program = `
    const { lockSetup } = await import(${JSON.stringify(join(root, 'scripts', 'setup', 'lock.mjs'))})
    await lockSetup(${JSON.stringify(file)}, () => {})
    console.log('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(node24, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  let waited = false
  const second = lockSetup(file, () => {
    waited = true
    holder.kill('SIGKILL')
  })
  const lock = await second
  assert.ok(waited)
  await lock.release()
})

test('a lock that cannot be made says which folder is in the way', async (t) => {
  const folder = await folderFor(t)
  await writeFile(join(folder, 'file'), '')
  await assert.rejects(
    lockSetup(join(folder, 'file', 'setup.lock'), () => {}),
    (error) => error.whatToDo.includes(join(folder, 'file')) && error.whatToDo.includes('NESTRI_CACHE'),
  )
})

test('a program that fails shows the end of its output', async () => {
  await assert.rejects(
    run('sh', ['-c', 'for i in $(seq 50); do echo line $i; done; echo last >&2; exit 7']),
    (error) => {
      assert.match(error.message, /exit status 7/)
      assert.match(error.tail, /line 50/)
      assert.match(error.tail, /last/)
      assert.doesNotMatch(error.tail, /line 20\n/)
      return true
    },
  )
})

test('a program that takes too long is ended with all that it started', async () => {
  const startedMs = Date.now()
  await assert.rejects(run('sh', ['-c', 'sleep 60 & sleep 60'], { timeoutMs: 200 }), /took longer than 0.2 s/)
  assert.ok(Date.now() - startedMs < 10_000)
})

test('a program that is not there is named', async () => {
  await assert.rejects(run('no-such-program', []), /no-such-program/)
})

test('a download that fails twice is tried a third time', async () => {
  const pauses = []
  let attempts = 0
  const result = await withRetries(
    () => {
      attempts += 1
      return attempts < 3 ? Promise.reject(new Error(`attempt ${attempts}`)) : Promise.resolve('there')
    },
    (error, pauseMs) => pauses.push([error.message, pauseMs]),
    [1, 2],
  )
  assert.equal(result, 'there')
  assert.deepEqual(pauses, [
    ['attempt 1', 1],
    ['attempt 2', 2],
  ])
  await assert.rejects(
    withRetries(() => Promise.reject(new Error('never')), () => {}, [1, 1]),
    /never/,
  )
})

test('the cache is where the environment says, and at home otherwise', () => {
  assert.equal(cacheRoot({ NESTRI_CACHE: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' }), '/a')
  assert.equal(cacheRoot({ XDG_CACHE_HOME: '/b', HOME: '/c' }), '/b/nestri')
  assert.equal(cacheRoot({ HOME: '/c' }), '/c/.cache/nestri')
  assert.match(cacheRoot({}), /^\/.+\/\.cache\/nestri$/)
})

test('programs of the set-up do not see the Node of node_modules, and do see system programs', () => {
  const folders = plainEnvironment().PATH.split(':')
  assert.ok(!folders.some((folder) => folder.endsWith('node_modules/.bin')))
  assert.ok(folders.includes('/usr/sbin'))
})

test('a hash changes with a name and with a byte, and not otherwise', async (t) => {
  const folder = await folderFor(t)
  await writeFile(join(folder, 'a'), 'one')
  const before = await hashOf([folder])
  assert.equal(await hashOf([folder]), before)
  await writeFile(join(folder, 'ignored'), '')
  assert.equal(await hashOf([folder], ['ignored']), before)
  assert.notEqual(await hashOf([folder]), before)
  await writeFile(join(folder, 'a'), 'two')
  assert.notEqual(await hashOf([folder], ['ignored']), before)
})

test('every package has a reason and stands in one list', () => {
  const names = [...Object.keys(startPackages), ...Object.keys(testPackages)]
  assert.equal(new Set(names).size, names.length)
  for (const reason of [...Object.values(startPackages), ...Object.values(testPackages)]) assert.match(reason, /\w{3}/)
})

test('missing packages are those that dpkg does not call installed', () => {
  assert.deepEqual(missingPackages(['dpkg', 'no-such-package-of-debian']), ['no-such-package-of-debian'])
  assert.match(installCommand(['one', 'two']), /--no-install-recommends one two'$/)
})

test('a worker that does not do what a worker does is refused before it is used', async () => {
  const program = `
    const { provideWorker } = await import(${JSON.stringify(join(root, 'scripts', 'setup', 'worker.mjs'))})
    await provideWorker({ update() {}, note() {} }).catch(({ message }) => {
      console.error(message)
      process.exit(3)
    })`
  const env = plainEnvironment({ MEDIASOUP_WORKER_BIN: '/bin/true' })
  await assert.rejects(run(node24, ['--input-type=module', '-e', program], { env }), (error) =>
    error.tail.includes('the mediasoup worker /bin/true fails its DTLS test'),
  )
})

test('durations are minutes and seconds', () => {
  assert.deepEqual([0, 59_400, 60_000, 3_605_000].map(duration), ['0:00', '0:59', '1:00', '60:05'])
})
