// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { NESTRI_ROOM_DEFAULT_SPEC } from '@nestri/protocol'
import { TWINS } from './cross-checks.ts'
import { localCheck } from './local-checks.ts'
import { crdSchemaOf, formatRoomProblems, MAX_ROOM_FILE_CHARS, readRoom } from './room-file.ts'
import type { Schema } from './room-schema.ts'

const ROOT = new URL('../../', import.meta.url)
const CRD_TEXT = readFileSync(new URL('crds/nestriroom.yaml', ROOT), 'utf8')
const SCHEMA = crdSchemaOf(CRD_TEXT)

/** A room file whose spec has these lines. */
function file(...spec: string[]): string {
  const head = ['apiVersion: nestri.io/v1alpha1', 'kind: NestriRoom', 'metadata: {name: demo}']
  return [...head, spec.length === 0 ? 'spec: {}' : 'spec:', ...spec.map((line) => `  ${line}`)].join('\n')
}

/** `LINE:COLUMN MESSAGE` of everything that is wrong. */
function problems(text: string): string[] {
  const result = readRoom(text, SCHEMA)
  return result.ok
    ? []
    : formatRoomProblems('f', result.problems)
        .split('\n')
        .map((line) => line.slice(2))
}

test('a room without any field has every default', () => {
  const result = readRoom(file(), SCHEMA)
  assert.ok(result.ok)
  assert.deepEqual(result.room.spec, NESTRI_ROOM_DEFAULT_SPEC)
})

for (const name of readdirSync(new URL('examples/', ROOT))) {
  test(`examples/${name} is a valid room that this machine can run`, () => {
    const result = readRoom(readFileSync(new URL(`examples/${name}`, ROOT), 'utf8'), SCHEMA)
    assert.ok(result.ok, JSON.stringify(result))
    assert.deepEqual(localCheck(result.room), { problems: [], notes: [] })
  })
}

test('all problems are reported at once, in the order of the file, each with line, column and path', () => {
  const text = file(
    'flavour: steam',
    'display:',
    '  widthPixels: 1281',
    '  framerate: 300',
    'video: {codec: h246, encoder: x264enc}',
  )
  assert.deepEqual(problems(text), [
    '5:3 spec.flavour is not a known field; did you mean flavor?',
    '7:18 spec.display.widthPixels must be even, not 1281',
    '8:16 spec.display.framerate must be from 5 to 240, not 300',
    '9:18 spec.video.codec must be one of h264, h265, av1, vp8, not "h246"; did you mean h264?',
    '9:33 spec.video.encoder must be a map of fields, not "x264enc"',
  ])
})

const WRONG: [string, string, string][] = [
  [
    'an item of a list',
    file('runner:', '  env:', '    - name: A', '    - value: x'),
    '8:9 spec.runner.env[1] needs the field name',
  ],
  [
    'a text where a list belongs',
    file('runner: {launchCommand: doom}'),
    '5:27 spec.runner.launchCommand must be a list, not "doom"',
  ],
  [
    'a quantity',
    file('resources: {limits: {memory: [1]}}'),
    '5:32 spec.resources.limits.memory must be a whole number or a text such as 500m or 8Gi',
  ],
  [
    'a number in quotes',
    file('display: {framerate: "60"}'),
    '5:24 spec.display.framerate must be a whole number, not "60"',
  ],
  ['a fraction', file('display: {framerate: 59.94}'), '5:24 spec.display.framerate must be a whole number, not 59.94'],
  ['an empty field', file('video:'), '5:9 spec.video must be a map of fields, not empty'],
  [
    'a field with a long text',
    file(`gpu: {name: ${'x'.repeat(129)}}`),
    '5:15 spec.gpu.name must have at most 128 characters',
  ],
]
for (const [what, text, problem] of WRONG) {
  test(`${what} is reported in words`, () => assert.deepEqual(problems(text), [problem]))
}

test('rules over several fields are checked after the defaults are filled in', () => {
  assert.deepEqual(problems(file('video:', '  bitrateKbps: 9000', '  codec: h265')), [
    '6:5 spec: video.maxBitrateKbps must be at least bitrateKbps',
    '7:12 spec: video.codec h265 cannot be relayed (mediasoup has carried no H.265 since 3.16.6); use h264, av1 or vp8',
  ])
  assert.deepEqual(problems(file('flavor: custom')), ['5:3 spec: flavor custom needs runner.launchCommand'])
  assert.deepEqual(problems(file('relayURL: ws://a', 'relayRef: {name: b}')), [
    '5:3 spec: at most one of relayRef, relaySelector and relayURL may be set',
  ])
  assert.deepEqual(problems(file('runner:', '  env:', '    - {name: NESTRI_ROOM, value: x}')), [
    '7:16 spec.runner.env[0]: names that start with NESTRI_, and RELAY_URL, RESOLUTION, FRAMERATE, DISPLAY, PATH and LD_PRELOAD, belong to the runner',
  ])
})

test('every rule of the custom resource has a twin here, and no twin is without its rule', () => {
  const rules: string[] = []
  const visit = (schema: Schema): void => {
    for (const { rule } of schema['x-kubernetes-validations'] ?? []) rules.push(rule)
    for (const child of Object.values(schema.properties ?? {})) visit(child)
    if (schema.items !== undefined) visit(schema.items)
  }
  visit(SCHEMA)
  assert.deepEqual(rules.toSorted(), Object.keys(TWINS).toSorted())
})

test('what is no room at all is said in one sentence', () => {
  assert.deepEqual(problems(''), ['1:1 the file is empty'])
  assert.deepEqual(problems('# nothing\n'), ['1:1 the file is empty'])
  assert.deepEqual(problems('- a'), [
    '1:1 the file must hold a NestriRoom: a map with apiVersion, kind, metadata and spec',
  ])
  assert.deepEqual(problems('kind: Pod\nfoo: 1'), ['1:7 kind must be NestriRoom, not "Pod"'])
  assert.deepEqual(problems(file().replace('v1alpha1', 'v1')), [
    '1:13 apiVersion must be nestri.io/v1alpha1, not "nestri.io/v1"',
  ])
  assert.deepEqual(problems('kind: NestriRoom'), [
    '1:1 the file needs the field apiVersion',
    '1:1 the file needs the field metadata',
    '1:1 the file needs the field spec',
  ])
  assert.deepEqual(problems(`# ${'x'.repeat(MAX_ROOM_FILE_CHARS)}`), ['1:1 the file has more than 1000000 characters'])
})

test('wrong YAML is reported with its place', () => {
  const [tab] = problems('a: 1\nb: [1, 2\nc: 3\n')
  assert.match(tab ?? '', /^[23]:\d+ is not YAML: /)
  const [twice] = problems(file('flavor: demo', 'flavor: steam'))
  assert.match(twice ?? '', /^6:3 is not YAML: Map keys must be unique/)
})

test('a second document is refused, an end marker is not', () => {
  assert.deepEqual(problems(`${file()}\n---\nkind: Pod\n`), [
    '5:1 a second document starts here; give one room per file',
  ])
  assert.deepEqual(problems(`---\n${file()}\n`), [])
})

test('a file that multiplies aliases is refused instead of read', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x, x]',
    ...[...'bcdefg'].map(
      (name, i) =>
        `${name}: &${name} [${Array(10)
          .fill(`*${'abcdef'.charAt(i)}`)
          .join(', ')}]`,
    ),
  ]
  assert.match(problems(bomb.join('\n'))[0] ?? '', /alias/i)
})

test('what kubectl prints of a room can be read back', () => {
  const text = file('flavor: demo').replace(
    '{name: demo}',
    '{name: demo, uid: x, generation: 3, annotations: {a: b}, managedFields: [{}]}',
  )
  assert.deepEqual(problems(`${text}\nstatus: {phase: Streaming}\n`), [])
})

test('names of rooms follow Kubernetes', () => {
  for (const wrong of ['Demo', '-a', 'a_b', 'a'.repeat(64)]) {
    assert.equal(problems(file().replace('name: demo', `name: ${wrong}`)).length, 1, wrong)
  }
})

test('what only a cluster can do is refused, what makes no difference is noted', () => {
  const room = (text: string): Parameters<typeof localCheck>[0] => {
    const result = readRoom(text, SCHEMA)
    assert.ok(result.ok)
    return result.room
  }
  const refused = localCheck(
    room(file('suspend: true', 'runner: {env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]}')),
  )
  assert.match(refused.problems.join('\n'), /suspend is true[\s\S]*env A: valueFrom needs a cluster/)
  const noted = localCheck(room(file('runner: {image: x}', 'relayRef: {name: r}', 'gpu: {count: 2}')))
  assert.deepEqual([noted.problems.length, noted.notes.length], [0, 3])
})
