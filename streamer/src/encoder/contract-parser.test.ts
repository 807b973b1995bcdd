// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommandLine, parseOutputLine } from './contract-parser.ts'
import { MAX_LINE_BYTES } from './contract.ts'
import { LineSplitter } from './line-splitter.ts'

const BROKEN: readonly [line: string, id: number | null, code: string][] = [
  ['{', null, 'invalid-json'],
  ['[]', null, 'invalid-command'],
  ['7', null, 'invalid-command'],
  ['null', null, 'invalid-command'],
  ['{"id":1}', 1, 'missing-field'],
  ['{"id":"x","type":"dance"}', null, 'unknown-command'],
  ['{"id":1,"type":"dance"}', 1, 'unknown-command'],
  ['{"id":1,"type":"bitrate"}', 1, 'missing-field'],
  ['{"type":"stats"}', null, 'missing-field'],
  ['{"id":1,"type":"bitrate","bitrateKbps":-1}', 1, 'invalid-command'],
  ['{"id":1,"type":"bitrate","bitrateKbps":1e9}', 1, 'invalid-command'],
  ['{"id":1,"type":"keyframe","reason":"boredom"}', 1, 'invalid-command'],
  ['{"id":1,"type":"input","viewer":"v","message":"not base64!"}', 1, 'invalid-command'],
  [`{"id":1,"type":"input","viewer":"v","message":"${'AAAA'.repeat(400)}"}`, 1, 'invalid-command'],
  [`{"id":1,"type":"answer","sdp":"${'x'.repeat(33 * 1024)}"}`, 1, 'invalid-command'],
  ['{"id":1,"type":"start","session":{}}', 1, 'missing-field'],
]

for (const [line, id, code] of BROKEN) {
  test(`${line.slice(0, 60)} is answered with ${code}`, () => {
    const parsed = parseCommandLine(line)
    assert.ok('broken' in parsed)
    assert.equal(parsed.broken.id, id)
    assert.equal(parsed.broken.code, code)
  })
}

test('a command is read, fields of a later version are ignored', () => {
  assert.deepEqual(parseCommandLine('{"id":4,"type":"bitrate","bitrateKbps":2000,"later":true}'), {
    command: { id: 4, type: 'bitrate', bitrateKbps: 2000 },
  })
})

test('output that is none of ours is told apart from replies and events', () => {
  assert.equal(parseOutputLine('libva info: VA-API version 1.17.0'), undefined)
  assert.equal(parseOutputLine('{"type":"status","state":"dancing","reason":""}'), undefined)
  assert.deepEqual(parseOutputLine('{"type":"offer","sdp":"v=0"}'), { type: 'offer', sdp: 'v=0' })
  assert.deepEqual(parseOutputLine('{"type":"reply","id":3,"ok":true}'), { type: 'reply', id: 3, ok: true })
  assert.deepEqual(parseOutputLine('{"type":"reply","id":null,"ok":false,"error":{"code":"c","message":"m"}}'), {
    type: 'reply',
    id: null,
    ok: false,
    error: { code: 'c', message: 'm' },
  })
})

test('lines are cut wherever the chunks end', () => {
  const splitter = new LineSplitter(100)
  const text = 'one\ntwo\r\n\n  \nthrée\nrest'
  const lines = [...Buffer.from(text)].flatMap((byte) => splitter.push(Buffer.from([byte])))
  assert.deepEqual(lines, [{ text: 'one' }, { text: 'two\r' }, { text: 'thrée' }])
})

test('a line that is too long is told once and skipped, and the next one is read', () => {
  const splitter = new LineSplitter(MAX_LINE_BYTES)
  const half = Buffer.alloc(MAX_LINE_BYTES - 1, 'x')
  assert.deepEqual(splitter.push(half), [])
  assert.deepEqual(splitter.push(half), [{ tooLong: true }])
  assert.deepEqual(splitter.push(half), [])
  assert.deepEqual(splitter.push(Buffer.from('tail\nnext\n')), [{ text: 'next' }])
  assert.deepEqual(splitter.push(Buffer.concat([half, half, Buffer.from('\nnext\n')])), [
    { tooLong: true },
    { text: 'next' },
  ])
})
