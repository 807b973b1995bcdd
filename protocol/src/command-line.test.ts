// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { parseCommand, quoteCommand } from './command-line.ts'

const CASES: [string, string[]][] = [
  ['', []],
  ['steam -tenfoot -cef-force-gpu', ['steam', '-tenfoot', '-cef-force-gpu']],
  ["sh -c 'echo $HOME; ls *'", ['sh', '-c', 'echo $HOME; ls *']],
  ["''", ['']],
  ["'it'\\''s'", ["it's"]],
  ["xterm -T 'two words'", ['xterm', '-T', 'two words']],
  ["A=b 'A=b'", ['A=b', 'A=b']],
]

for (const [line, args] of CASES) {
  test(`${JSON.stringify(line)} is ${JSON.stringify(args)}`, () => {
    assert.deepEqual(parseCommand(line), args)
  })
}

test('double quotes keep a backslash except before the characters that POSIX names', () => {
  assert.deepEqual(parseCommand(String.raw`"a\b" "a\"b" "a\\b" "a\$b" a\ b`), ['a\\b', 'a"b', 'a\\b', 'a$b', 'a b'])
  assert.deepEqual(parseCommand('a\\\nb "c\\\nd"'), ['ab', 'cd'])
})

test('a quote that is not closed and a backslash at the end are no command', () => {
  for (const line of ["'a", '"a', 'a\\', '"a\\']) assert.equal(parseCommand(line), undefined)
})

test('an assignment is quoted, so that a shell does not take it for one', () => {
  assert.equal(quoteCommand(['A=b', '--size=3']), "'A=b' --size=3")
})

test('arguments of any characters come back, from our parser and from a real shell', () => {
  const alphabet = [...'ab=~ \t\n\'"\\$`*?[]{}();&|<>#!-é\u00a0']
  const random = seededRandom(7)
  for (let round = 0; round < 300; round++) {
    const args = Array.from({ length: Math.floor(random() * 5) }, () =>
      Array.from({ length: Math.floor(random() * 8) }, () => alphabet[Math.floor(random() * alphabet.length)]).join(''),
    )
    const line = quoteCommand(args)
    assert.deepEqual(parseCommand(line), args, line)
    if (round % 10 === 0) assert.deepEqual(splitByShell(line), args, line)
  }
})

function splitByShell(line: string): string[] {
  const output = execFileSync('sh', ['-c', `set -- ${line}; for a; do printf '%s\\0' "$a"; done`], { encoding: 'utf8' })
  return output.split('\0').slice(0, -1)
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
