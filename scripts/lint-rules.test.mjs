// SPDX-License-Identifier: Apache-2.0
// Proves that the linter's own rules of this project fire: one seeded violation each, in a copy of the folder layout, and
// beside it the same words where they are allowed.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import test from 'node:test'
import { node24, root } from './setup/paths.mjs'

const IMPORTS = 'eslint(no-restricted-imports)'
const FOLDERS = ['e2e', 'local', 'protocol', 'relay', 'runtime', 'streamer']
const importing = (name) => `import * as x from '${name}'\nexport const y: unknown = x\n`
const lines = (count) => 'export {}\n'.repeat(count)
const branches = `export function f(n: number): number {\n${'  if (n > 1) n = n + 1\n'.repeat(16)}  return n\n}\n`
const longFunction = `export function f(): void {\n${'  console.log(1)\n'.repeat(61)}}\n`
const rejecting = `async function later(): Promise<void> {}\n`

/** [what it shows, file, text, rule that must fire; none when the text is allowed there] */
const cases = [
  ['protocol imports nothing of ours', 'protocol/src/a.ts', importing('@nestri/runtime'), IMPORTS],
  ['runtime imports nothing of ours', 'runtime/src/a.ts', importing('@nestri/protocol'), IMPORTS],
  ['streamer does not import the relay', 'streamer/src/a.ts', importing('@nestri/relay'), IMPORTS],
  ['streamer may import protocol', 'streamer/src/b.ts', importing('@nestri/protocol')],
  ['relay does not import the streamer', 'relay/src/a.ts', importing('@nestri/streamer'), IMPORTS],
  ['relay may import runtime', 'relay/src/b.ts', importing('@nestri/runtime')],
  ['local does not import the relay', 'local/src/a.ts', importing('@nestri/relay'), IMPORTS],
  ['the viewer does not import runtime', 'relay/viewer/src/a.ts', importing('@nestri/runtime'), IMPORTS],
  ['the viewer may import protocol', 'relay/viewer/src/b.ts', importing('@nestri/protocol')],
  ['nothing imports a program of ours', 'e2e/a.ts', importing('@nestri/relay'), IMPORTS],
  ['mediasoup is not for the rooms', 'relay/src/rooms/a.ts', importing('mediasoup'), IMPORTS],
  ['nor are its types', 'relay/src/rooms/b.ts', importing('mediasoup/types'), IMPORTS],
  [
    'nor are they as mere types',
    'relay/src/rooms/d.ts',
    "export type { Router } from 'mediasoup/types'\nimport type { Worker } from 'mediasoup/types'\nexport type A = Worker\n",
    IMPORTS,
  ],
  ['nor is it for the streamer', 'streamer/src/c.ts', importing('mediasoup'), IMPORTS],
  ['mediasoup is for the sfu folder', 'relay/src/sfu/a.ts', importing('mediasoup')],
  ['libp2p is not for the sfu folder', 'relay/src/sfu/b.ts', importing('libp2p'), IMPORTS],
  ['nor are its modules for the rooms', 'relay/src/rooms/c.ts', importing('@libp2p/tcp'), IMPORTS],
  ['libp2p is for the mesh folder', 'relay/src/mesh/a.ts', importing('@libp2p/tcp')],
  ['an addon is not imported', 'streamer/src/d.ts', importing('../native/build/x.node'), IMPORTS],
  ['the environment is not read anywhere', 'relay/src/c.ts', 'export const a = process.env\n', 'node(no-process-env)'],
  ['nor by its other name', 'relay/src/d.ts', "import { env } from 'node:process'\nexport const a = env\n", IMPORTS],
  ['the environment is for config.ts', 'relay/src/config.ts', 'export const a = process.env\n'],
  [
    'packets do not go through JavaScript',
    'relay/src/sfu/c.ts',
    'export const f = (r: { createDirectTransport(): number }): number => r.createDirectTransport()\n',
    'eslint(no-restricted-properties)',
  ],
  ['a promise is not forgotten', 'relay/src/e.ts', `${rejecting}later()\n`, 'typescript(no-floating-promises)'],
  [
    'a listener is not async',
    'relay/src/f.ts',
    `${rejecting}export const f = (on: (g: () => void) => void): void => on(later)\n`,
    'typescript(no-misused-promises)',
  ],
  [
    'a switch names every case',
    'relay/src/g.ts',
    "export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n      break\n  }\n}\n",
    'typescript(switch-exhaustiveness-check)',
  ],
  [
    'any is not passed on',
    'relay/src/h.ts',
    "export const a: number = JSON.parse('1')\n",
    'typescript(no-unsafe-assignment)',
  ],
  ['exports have names', 'relay/src/i.ts', 'export default 1\n', 'import(no-default-export)'],
  ['files do not import in a circle', 'relay/src/j.ts', "export * from './k.ts'\n", 'import(no-cycle)'],
  ['nor does the other one', 'relay/src/k.ts', "export * from './j.ts'\n", 'import(no-cycle)'],
  ['a file ends after 400 lines', 'relay/src/l.ts', lines(401), 'eslint(max-lines)'],
  ['a function branches 15 times', 'relay/src/m.ts', branches, 'eslint(complexity)'],
  ['a function ends after 60 lines', 'relay/src/n.ts', longFunction, 'eslint(max-lines-per-function)'],
  ['a test may be longer', 'relay/src/n.test.ts', longFunction],
]

async function seedTree() {
  const tree = await mkdtemp(join(tmpdir(), 'nestri-lint-'))
  await cp(join(root, '.oxlintrc.json'), join(tree, '.oxlintrc.json'))
  await symlink(join(root, 'node_modules'), join(tree, 'node_modules'))
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2024',
    noEmit: true,
    allowImportingTsExtensions: true,
    types: ['node'],
  }
  await writeFile(join(tree, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*.ts'] }))
  for (const [, file, text] of cases) {
    await mkdir(dirname(join(tree, file)), { recursive: true })
    await writeFile(join(tree, file), text)
  }
  return tree
}

test('each rule of the project fires where it must and stays silent where it need not', async (t) => {
  const tree = await seedTree()
  t.after(() => rm(tree, { recursive: true, force: true }))
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint')
  const { stdout, stderr } = spawnSync(node24, [oxlint, '--type-aware', '--format', 'json', ...FOLDERS], {
    cwd: tree,
    encoding: 'utf8',
  })
  assert.match(stdout, /^\{/, stderr)
  const fired = new Map()
  for (const { filename, code } of JSON.parse(stdout).diagnostics) {
    const file = relative(tree, join(tree, filename))
    fired.set(file, [...(fired.get(file) ?? []), code])
  }
  for (const [title, file, , rule] of cases) {
    const codes = fired.get(file) ?? []
    await t.test(title, () => {
      if (rule === undefined) assert.deepEqual(codes, [], `${file} should be allowed`)
      else assert.ok(codes.includes(rule), `${file}: ${rule} did not fire, only ${codes.join(', ') || 'nothing'}`)
    })
  }
})
