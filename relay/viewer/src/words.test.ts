// SPDX-License-Identifier: Apache-2.0
// Tests of the small pure files: links, seats, names, session descriptions, progress, graphs and words of lists.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoomFacts } from '@nestri/protocol'
import { pastedHref, readLink, roomHref, roomOfToken } from './link.ts'
import { Progress, RESTART_AFTER_MS } from './progress.ts'
import { roomWords } from './room-words.ts'
import { hasDataChannels, refusedVideoCodec, withStereo } from './sdp.ts'
import { seatOffer, type SeatView } from './seats.ts'
import { sparkPaths } from './sparkline.ts'
import { viewerName } from './viewer-name.ts'

const TOKEN = `eyJhbGciOiJFZERTQSJ9.${btoa(JSON.stringify({ use: 'invite', room: 'games.doom' })).replace(/=+$/, '')}.c2ln`
const BASE = new URL('https://relay.example:8088/play/')

test('a link holds its room in the query and its token in the fragment', () => {
  const link = readLink(new URL(`https://relay/?room=games.doom&role=player#token=${TOKEN}`))
  assert.deepEqual(link, { room: 'games.doom', token: TOKEN, role: 'player' })
})

test('a bare fragment is a token, and a token alone names its room', () => {
  assert.deepEqual(readLink(new URL(`https://relay/#${TOKEN}`)), { room: 'games.doom', token: TOKEN, role: undefined })
})

test('what cannot be a room, a token or a role is left out', () => {
  const link = readLink(new URL('https://relay/?room=../etc&role=admin#token=a%20b'))
  assert.deepEqual(link, { room: undefined, token: undefined, role: undefined })
  assert.equal(roomOfToken('not.a.token'), undefined)
  assert.equal(roomOfToken(undefined), undefined)
})

test('links, tokens and names can be pasted; anything else is refused', () => {
  assert.equal(pastedHref(` https://other/?room=doom#token=${TOKEN} `, BASE), `https://other/?room=doom#token=${TOKEN}`)
  assert.equal(pastedHref(TOKEN, BASE), `https://relay.example:8088/play/?room=games.doom#token=${TOKEN}`)
  assert.equal(pastedHref('doom', BASE), 'https://relay.example:8088/play/?room=doom')
  for (const text of ['', 'hello world', 'https://', 'https://relay/', 'javascript:alert(1)']) {
    assert.equal(pastedHref(text, BASE), undefined, text)
  }
})

test('names of rooms are safe in an address', () => {
  assert.equal(roomHref('a.b-c', 'x.y'), '?room=a.b-c#token=x.y')
})

test('a viewer has the same name everywhere, and other viewers mostly have others', () => {
  assert.equal(viewerName('01HZX'), viewerName('01HZX'))
  const names = new Set(Array.from({ length: 50 }, (_, i) => viewerName(`viewer-${i}`)))
  assert.ok(names.size > 40)
  assert.match(viewerName(''), /^[A-Z][a-z]+ [A-Z][a-z]+$/)
})

function seats(changes: Partial<SeatView> = {}): SeatView {
  const free = { seat: 0, holder: null, connected: false }
  return { viewer: 'me', role: 'player', viewOnly: false, seats: [free], asks: [], ...changes }
}

test('a free seat is offered to players and to nobody else', () => {
  assert.deepEqual(seatOffer(seats()).ask, { seat: 0, free: true })
  assert.equal(seatOffer(seats({ role: 'spectator' })).ask, undefined)
  assert.equal(seatOffer(seats({ viewOnly: true })).ask, undefined)
})

test('a taken seat can be asked for once', () => {
  const taken = [{ seat: 0, holder: 'other', connected: true }]
  assert.deepEqual(seatOffer(seats({ seats: taken })).ask, { seat: 0, free: false })
  const asked = seatOffer(seats({ seats: taken, asks: [{ seat: 0, viewer: 'me' }] }))
  assert.equal(asked.ask, undefined)
  assert.equal(asked.asked, true)
  assert.match(asked.text, /you asked/)
})

test('the holder sees who asks and nobody else does', () => {
  const asks = [{ seat: 0, viewer: 'other' }]
  const held = seatOffer(seats({ seats: [{ seat: 0, holder: 'me', connected: true }], asks }))
  assert.equal(held.mine, 0)
  assert.deepEqual(
    held.requests.map(({ viewer }) => viewer),
    ['other'],
  )
  assert.equal(
    seatOffer(seats({ viewer: 'third', seats: [{ seat: 0, holder: 'me', connected: true }], asks })).requests.length,
    0,
  )
})

test('a holder whose connection is lost is named as such', () => {
  const view = seats({ seats: [{ seat: 0, holder: 'other', connected: false }] })
  assert.match(seatOffer(view).text, /connection lost/)
})

test('of several seats the free one is offered', () => {
  const two = [
    { seat: 0, holder: 'other', connected: true },
    { seat: 1, holder: null, connected: false },
  ]
  assert.deepEqual(seatOffer(seats({ seats: two })).ask, { seat: 1, free: true })
})

const OFFER =
  'v=0\r\nm=video 7 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\nm=application 7 UDP/DTLS/SCTP webrtc-datachannel\r\n'

test('an answer with port 0 for video means that the codec was turned down', () => {
  assert.equal(refusedVideoCodec(OFFER, 'v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 0\r\n'), 'H264')
  assert.equal(refusedVideoCodec(OFFER, 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'), undefined)
  assert.equal(refusedVideoCodec(OFFER, 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'), undefined)
})

test('a section that an earlier producer left behind does not count as turned down', () => {
  const answer = 'v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'
  assert.equal(refusedVideoCodec(OFFER, answer), undefined)
})

test('data channels are opened only where the offer carries them', () => {
  assert.equal(hasDataChannels(OFFER), true)
  assert.equal(hasDataChannels('m=application 0 UDP/DTLS/SCTP webrtc-datachannel'), false)
  assert.equal(hasDataChannels('m=video 9 X 96'), false)
})

test('stereo is asked for once, for Opus only', () => {
  const answer =
    'm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=fmtp:96 x=1\r\n'
  const stereo = withStereo(answer)
  assert.match(stereo, /a=fmtp:111 stereo=1;minptime=10;useinbandfec=1\r\n/)
  assert.match(stereo, /a=fmtp:96 x=1\r\n/)
  assert.equal(withStereo(stereo), stereo)
})

test('a picture counts as frozen after two seconds without a frame', () => {
  const progress = new Progress()
  assert.equal(progress.picture(0), 'none')
  progress.frame(1_000)
  assert.equal(progress.picture(2_900), 'moving')
  assert.equal(progress.picture(3_100), 'frozen')
})

test('a new connection is asked for while frames are due, ever more slowly', () => {
  const progress = new Progress()
  const asked: number[] = []
  for (let nowMs = 0; nowMs <= 120_000; nowMs += 250) if (progress.shouldRestart(nowMs, true)) asked.push(nowMs)
  assert.deepEqual(asked, [5_000, 15_000, 35_000, 75_000, 115_000])
  assert.equal(RESTART_AFTER_MS.length, 4)
})

test('nothing is asked for while no frames are due, and a frame starts the patience anew', () => {
  const progress = new Progress()
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 250) assert.equal(progress.shouldRestart(nowMs, false), false)
  progress.shouldRestart(61_000, true)
  progress.frame(65_500)
  assert.equal(progress.shouldRestart(66_500, true), false)
})

test('a hidden tab counts decoded frames instead of presented ones', () => {
  const progress = new Progress()
  progress.frame(0)
  progress.decoded(60, 1_000)
  progress.decoded(120, 2_000)
  assert.equal(progress.picture(3_500), 'moving')
  progress.decoded(120, 5_000)
  assert.equal(progress.picture(5_000), 'frozen')
})

test('a graph is right-aligned and has a gap where the figure is unknown', () => {
  const { line } = sparkPaths([10, undefined, 20], { span: 3, ceiling: 20 })
  assert.equal(line.match(/M/g)?.length, 2)
  assert.ok(sparkPaths([5], { span: 60, ceiling: 10 }).line.startsWith('M96.0 '))
  assert.deepEqual(sparkPaths([], { span: 60, ceiling: 10 }), { line: '', area: '' })
})

test('a room of the list says how long it runs, who is there and what makes the picture', () => {
  const room: RoomFacts = {
    id: 'x',
    room: 'doom',
    epoch: 1,
    state: 'live',
    reason: '',
    public: true,
    sinceUnixMs: 0,
    players: 1,
    spectators: 2,
    seats: [{ seat: 0, holder: 'a', connected: true }],
    encoder: { name: 'x264enc', codec: 'h264', type: 'software', memory: 'system', fallbackReason: '', rejected: [] },
    stats: null,
  }
  assert.deepEqual(roomWords(room, 3_700_000), {
    state: 'Live for 1 h 1 min',
    people: '3 viewers, seat taken',
    picture: 'H.264, encoded on the CPU',
  })
  assert.equal(roomWords({ ...room, state: 'waiting', encoder: null, reason: 'no GPU' }, 0).picture, 'no GPU')
})
