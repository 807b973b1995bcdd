// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  booleanVariable,
  choiceVariable,
  enumVariable,
  formatEnv,
  formatEnvProblems,
  integerVariable,
  listVariable,
  nearestName,
  parseEnv,
  textVariable,
} from './env.ts'

const table = {
  port: integerVariable({ name: 'PORT', aliases: ['OLD_PORT'], description: 'd', default: 80, min: 1, max: 90 }),
  codec: enumVariable({
    name: 'CODEC',
    description: 'd',
    values: ['h264', 'vp8'],
    synonyms: { avc: 'h264' },
    default: 'h264',
  }),
  verbose: booleanVariable({ name: 'VERBOSE', description: 'd', default: false }),
  depth: choiceVariable({ name: 'DEPTH', description: 'd', values: [8, 10], default: 8 }),
  addresses: listVariable({ name: 'ADDRESSES', description: 'd', default: [], pattern: /^[0-9.]+$/ }),
  token: textVariable<string | undefined>({
    name: 'NESTRI_TOKEN',
    description: 'd',
    default: undefined,
    secret: true,
    pattern: /^\w+$/,
  }),
}

test('variables that are not set, or set to nothing, have their default', () => {
  const { values, problems } = parseEnv(table, { PORT: '', CODEC: undefined })
  assert.deepEqual(problems, [])
  assert.deepEqual(values, {
    port: 80,
    codec: 'h264',
    verbose: false,
    depth: 8,
    addresses: [],
    token: undefined,
  })
})

test('values are read with spaces around them, in any case, by synonym and by alias', () => {
  const { values } = parseEnv(table, {
    OLD_PORT: ' 81 ',
    CODEC: 'AVC',
    VERBOSE: 'Yes',
    DEPTH: '10',
    ADDRESSES: '10.0.0.1, 10.0.0.2,',
  })
  assert.deepEqual(
    [values.port, values.codec, values.verbose, values.depth, values.addresses],
    [81, 'h264', true, 10, ['10.0.0.1', '10.0.0.2']],
  )
})

test('the name itself wins over its alias', () => {
  assert.equal(parseEnv(table, { PORT: '8', OLD_PORT: '9' }).values.port, 8)
})

test('every wrong value is reported at once, by the name under which it was given', () => {
  const { problems } = parseEnv(table, {
    OLD_PORT: '91',
    CODEC: 'mpeg2',
    VERBOSE: 'maybe',
    DEPTH: '9',
    ADDRESSES: '10.0.0.1,x',
  })
  assert.deepEqual(
    problems.map(({ name }) => name),
    ['OLD_PORT', 'CODEC', 'VERBOSE', 'DEPTH', 'ADDRESSES'],
  )
  assert.match(formatEnvProblems(problems), /^OLD_PORT=91 is not valid: expected a whole number from 1 to 90$/m)
})

for (const wrong of ['1.5', '1e1', '0x10', '', '+5', '91', '0', 'NaN']) {
  test(`${JSON.stringify(wrong)} is not a whole number from 1 to 90`, () => {
    assert.equal(table.port.parse(wrong), undefined)
  })
}

test('a secret is never shown, also where its name is misspelt', () => {
  const { problems } = parseEnv(table, { NESTRI_TOKEN: 'a secret!', NESTRI_TOKEM: 'x', NESTRI_TOKEN_FILES: 'secret' })
  assert.doesNotMatch(formatEnvProblems(problems), /secret/)
})

test('an unknown name that starts with NESTRI_ is reported with the nearest known one', () => {
  const { problems } = parseEnv(table, { NESTRI_TOKN: 'x', OTHER: 'x', NESTRI_ELSE: 'x' }, ['NESTRI_ROOM'])
  assert.deepEqual(
    problems.map(({ name, expected }) => [name, expected]),
    [
      ['NESTRI_TOKN', 'a known name; did you mean NESTRI_TOKEN?'],
      ['NESTRI_ELSE', 'a known name'],
    ],
  )
  assert.deepEqual(parseEnv(table, { NESTRI_ROOM: 'x' }, ['NESTRI_ROOM']).problems, [])
})

test('what is written is read back', () => {
  const values = {
    port: 7,
    codec: 'vp8',
    verbose: true,
    depth: 10,
    addresses: ['1.1.1.1', '2.2.2.2'],
    token: 't',
  } as const
  const env = formatEnv(table, values)
  assert.deepEqual(env, {
    PORT: '7',
    CODEC: 'vp8',
    VERBOSE: 'true',
    DEPTH: '10',
    ADDRESSES: '1.1.1.1,2.2.2.2',
    NESTRI_TOKEN: 't',
  })
  assert.deepEqual(parseEnv(table, env).values, values)
})

test('values that stand for "not set" are not written', () => {
  assert.deepEqual(formatEnv(table, { token: undefined, addresses: [] }), {})
})

test('the nearest name is one that could be a slip, not any name', () => {
  assert.equal(nearestName('framrate', ['framerate', 'frames']), 'framerate')
  assert.equal(nearestName('colour', ['framerate', 'frames']), undefined)
  assert.equal(nearestName('x', []), undefined)
})
