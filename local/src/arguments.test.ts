// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { npmArguments, parseArguments } from './arguments.ts'

const NONE = {
  file: undefined,
  lan: false,
  port: undefined,
  display: undefined,
  check: false,
  help: false,
  verbose: false,
}

test('without arguments the example is run', () => {
  assert.deepEqual(parseArguments([]), { ok: true, value: NONE })
})

test('every flag is read, before and after the file', () => {
  const parsed = parseArguments(['--lan', 'room.yaml', '--port', '9000', '--display', ':1', '--check', '-h', '-v'])
  const value = { file: 'room.yaml', lan: true, port: 9000, display: ':1', check: true, help: true, verbose: true }
  assert.deepEqual(parsed, { ok: true, value })
})

for (const [args, problem] of [
  [['--lam'], /^Unknown option '--lam'/],
  [['a.yaml', 'b.yaml'], /^one room file can be given, not 2$/],
  [['--port', 'x'], /^--port must be a whole number from 0 to 65000, not x$/],
  [['--port', '65001'], /65001/],
  [['--display', '1'], /^--display must be an X display such as :0, not 1$/],
] as const) {
  test(`${args.join(' ')} is refused in one sentence`, () => {
    const parsed = parseArguments(args)
    assert.ok(!parsed.ok)
    assert.match(parsed.problem, problem)
    assert.doesNotMatch(parsed.problem, /\n/)
  })
}

test('flags that npm took for its own come back, with the file that it gave to them', () => {
  const read = (env: Record<string, string>): unknown => parseArguments(npmArguments(env))
  assert.deepEqual(read({ npm_config_lan: 'true' }), { ok: true, value: { ...NONE, lan: true } })
  assert.deepEqual(read({ npm_config_lan: 'a.yaml' }), { ok: true, value: { ...NONE, lan: true, file: 'a.yaml' } })
  assert.deepEqual(read({ npm_config_port: '9000', npm_config_check: 'false' }), {
    ok: true,
    value: { ...NONE, port: 9000 },
  })
  assert.deepEqual(read({ PATH: '/bin' }), { ok: true, value: NONE })
})
