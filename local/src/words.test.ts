// SPDX-License-Identifier: Apache-2.0
// Small pure files of the launcher that turn facts into words and decisions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NESTRI_ROOM_DEFAULT_SPEC } from '@nestri/protocol'
import type { NestriRoom, RoomFacts } from '@nestri/protocol'
import { defaultRouteInterfaces, lanAddresses } from './addresses.ts'
import { isWorthTelling, lastSentence, parseLogLine, parseStepChange, stepWords, tellingLines } from './child-words.ts'
import { inviteClaims, runnerClaims } from './claims.ts'
import { originOf, roomLink } from './links.ts'
import { afterEnd, GOOD_RUN_MS, MAX_EARLY_ENDS } from './restart-policy.ts'
import type { EndedRun } from './restart-policy.ts'
import { Screen } from './screen.ts'
import { statusLines } from './status-lines.ts'
import { summary } from './summary.ts'

const FACTS: RoomFacts = {
  id: '01K',
  room: 'demo',
  epoch: 1,
  state: 'live',
  reason: '',
  public: false,
  sinceUnixMs: 0,
  players: 0,
  spectators: 0,
  seats: [],
  encoder: null,
  stats: null,
}
const ROOM: NestriRoom = {
  apiVersion: 'nestri.io/v1alpha1',
  kind: 'NestriRoom',
  metadata: { name: 'demo' },
  spec: NESTRI_ROOM_DEFAULT_SPEC,
}

test('the token of a link stands behind #, where no server sees it', () => {
  const link = roomLink({
    origin: originOf({ secure: false, host: 'localhost', port: 8088 }),
    room: 'demo',
    token: 'a.b',
  })
  assert.equal(link, 'http://localhost:8088/?room=demo#token=a.b')
  assert.equal(originOf({ secure: true, host: '2001:db8::1', port: 443 }), 'https://[2001:db8::1]')
})

test('who comes and goes is told in one line, and nothing when nothing changed', () => {
  assert.deepEqual(statusLines(FACTS, { ...FACTS, players: 1, spectators: 2 }), ['1 player, 2 spectators'])
  assert.deepEqual(statusLines({ ...FACTS, players: 1 }, FACTS), ['nobody is watching'])
  assert.deepEqual(statusLines(FACTS, { ...FACTS, sinceUnixMs: 5 }), [])
})

test('a room that is interrupted and comes back is told with the reason', () => {
  const lost: RoomFacts = { ...FACTS, state: 'waiting', reason: 'the runner is gone' }
  assert.deepEqual(statusLines(FACTS, lost), ['the room is waiting: the runner is gone'])
  assert.deepEqual(statusLines(lost, FACTS), ['the room is live again'])
  assert.deepEqual(statusLines(FACTS, undefined), ['the room is gone from the relay'])
})

test('an encoder that was not the wanted one is told with its reason', () => {
  const encoder = { name: 'x264enc', codec: 'h264', type: 'software', memory: 'system', rejected: [] } as const
  const after: RoomFacts = { ...FACTS, encoder: { ...encoder, rejected: [], fallbackReason: 'no GPU was found' } }
  assert.deepEqual(statusLines(FACTS, after), ['encoder: no GPU was found'])
  assert.deepEqual(statusLines(after, after), [])
})

test('a log line is read with its fields, other lines are not log lines', () => {
  const line = '{"level":"warn","time":"t","name":"runner","program":"doom","waitMs":2000,"msg":"game ended"}'
  assert.deepEqual(parseLogLine(line), { name: 'runner', level: 'warn', text: 'game ended, program doom, waitMs 2000' })
  assert.equal(parseLogLine('{"level":"error","err":{"message":"boom"},"msg":"gave up"}')?.text, 'gave up, boom')
  for (const other of ['plain', '{', '{}', '{"level":30,"msg":"x"}']) assert.equal(parseLogLine(other), undefined)
})

test('what the runner tells as a change of a step is not told twice', () => {
  const line = { name: 'runner', level: 'warn', text: 'step ended' } as const
  assert.deepEqual([isWorthTelling(line), isWorthTelling({ ...line, name: 'streamer' })], [false, true])
  assert.deepEqual(
    [isWorthTelling({ ...line, level: 'error' }), isWorthTelling({ ...line, level: 'info' })],
    [true, false],
  )
  const change = parseStepChange('{"type":"status","step":"game","state":"failed","detail":"ended; again in 0.5 s"}')
  assert.ok(change !== undefined)
  assert.equal(stepWords(change), 'game ended; again in 0.5 s')
  assert.equal(stepWords({ ...change, state: 'ready' }), 'game ready')
  assert.equal(stepWords({ ...change, state: 'starting' }), undefined)
  for (const other of ['', '{}', 'game ready']) assert.equal(parseStepChange(other), undefined)
})

test('the sentence that a program ended with is found among its last words', () => {
  const lines = ['noise', 'no encoder for h264 works here: none (ERR_ENCODER_UNAVAILABLE)', 'Install one.', 'more']
  assert.deepEqual(lastSentence(lines), {
    code: 'ERR_ENCODER_UNAVAILABLE',
    message: 'no encoder for h264 works here: none',
    hint: 'Install one.',
  })
  assert.equal(lastSentence(['some (ERR_NOT_OURS)']), undefined)
})

test('of a stack trace only the line that explains it is shown', () => {
  const lines = [
    'node:internal/x:1',
    '  throw err;',
    '  ^',
    '',
    'Error: no such module',
    '    at f (x.js:1)',
    'Node.js v24',
  ]
  assert.deepEqual(tellingLines(lines), ['Error: no such module'])
})

const CRASH: EndedRun = {
  code: null,
  uptimeMs: 1_000,
  everWorked: true,
  repeatsItself: false,
  sentence: undefined,
  earlyEnds: 0,
}

test('a crash is repeated, until it happened at once too often in a row', () => {
  assert.deepEqual(afterEnd(CRASH), { kind: 'restart', earlyEnds: 1 })
  assert.deepEqual(afterEnd({ ...CRASH, earlyEnds: MAX_EARLY_ENDS - 1 }), { kind: 'give up' })
  const late = { ...CRASH, uptimeMs: GOOD_RUN_MS, earlyEnds: MAX_EARLY_ENDS - 1 }
  assert.deepEqual(afterEnd(late), { kind: 'restart', earlyEnds: 0 })
})

test('a wrong configuration, an explained failure before anything worked and a program that gave up are final', () => {
  const sentence = { code: 'ERR_PROGRAM_EXIT', message: 'x', hint: 'y' } as const
  assert.equal(afterEnd({ ...CRASH, code: 78 }).kind, 'give up')
  assert.equal(afterEnd({ ...CRASH, everWorked: false, sentence }).kind, 'give up')
  assert.equal(afterEnd({ ...CRASH, sentence }).kind, 'restart')
  assert.equal(afterEnd({ ...CRASH, repeatsItself: true, sentence }).kind, 'give up')
  assert.equal(afterEnd({ ...CRASH, repeatsItself: true }).kind, 'restart')
})

test('addresses of the network are listed, those behind the default route first', () => {
  const info = (address: string, internal = false, family: 'IPv4' | 'IPv6' = 'IPv4'): never =>
    ({ address, internal, family, netmask: '', mac: '', cidr: null, scopeid: 0 }) as never
  const interfaces = {
    lo: [info('127.0.0.1', true)],
    docker0: [info('172.17.0.1')],
    eth1: [info('10.0.0.2'), info('fe80::1', false, 'IPv6'), info('169.254.1.1')],
    wlan0: [info('192.168.1.7')],
  }
  const routes =
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nwlan0\t00000000\t0101A8C0\t3\t0\t0\t0\t00000000\n'
  assert.deepEqual(lanAddresses(interfaces, defaultRouteInterfaces(routes)), ['192.168.1.7', '10.0.0.2'])
  assert.deepEqual(lanAddresses(interfaces, defaultRouteInterfaces('')), ['10.0.0.2', '192.168.1.7'])
})

test('tokens say what the room says', () => {
  const spec = structuredClone(NESTRI_ROOM_DEFAULT_SPEC)
  Object.assign(spec.session, { accessGeneration: 4, seats: 2, maxParticipants: 9, visibility: 'public' })
  const room = { ...ROOM, spec }
  assert.deepEqual(inviteClaims(room, 'player', 5_000), {
    use: 'invite',
    room: 'demo',
    role: 'player',
    generation: 4,
    exp: 5 + 30 * 86_400,
  })
  assert.deepEqual(runnerClaims(room, { uid: 'u', epoch: 2 }), {
    use: 'runner',
    room: 'demo',
    uid: 'u',
    epoch: 2,
    generation: 4,
    public: true,
    seats: 2,
    maxViewers: 9,
  })
})

test('a room is described in one line', () => {
  const words = summary(ROOM, undefined)
  assert.equal(words, 'room demo: chocolate-doom, 1280x720 at 60 frames/s, h264 at 6000 kbit/s, sound from pipewire')
  assert.match(summary(ROOM, ':0'), /^room demo: display :0,/)
})

test('steps of the start carry the time since the start, events the time of day', () => {
  const lines: string[] = []
  let now = 0
  const screen = new Screen({
    write: (text) => lines.push(text),
    colour: false,
    now: () => now,
    clock: () => '12:00:00',
  })
  now = 1_250
  screen.step('relay ready')
  screen.links({ player: ['L1', 'L2'], spectator: ['L3'], notes: ['Ctrl-C ends the room.'] })
  screen.status('1 player')
  assert.deepEqual(lines.join('').split('\n'), [
    '    1.3 s  relay ready',
    '',
    '  Play        L1',
    '              L2',
    '  Watch       L3',
    '',
    'Ctrl-C ends the room.',
    '12:00:00  1 player',
    '',
  ])
})
