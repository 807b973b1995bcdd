// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExitError } from '@nestri/runtime'
import { helpText, makeCommandLine } from './config.ts'
import type { StreamerConfig } from './config.ts'
import { sessionRequest } from './session-request.ts'

const ENV = { RELAY_URL: 'ws://relay:8088', NESTRI_ROOM: 'demo', NESTRI_TOKEN: 'a.b.c', DISPLAY: ':3' }

function configOf(args: readonly string[] = [], env: Record<string, string> = {}): StreamerConfig {
  const line = makeCommandLine(args, { ...ENV, ...env }, 4)
  assert.equal(line.kind, 'run')
  return line.config
}

function problemsOf(args: readonly string[], env: Record<string, string> = {}): string {
  try {
    makeCommandLine(args, { ...ENV, ...env }, 4)
  } catch (error) {
    assert.ok(error instanceof ExitError)
    assert.equal(error.exitCode, 78)
    return error.message
  }
  throw new assert.AssertionError({ message: 'no problem was found' })
}

test('flags are the variables in other letters and win over them', () => {
  const { settings } = configOf(['--video-bitrate', '4000', '--room=other', '--framerate=30'], { FRAMERATE: '120' })
  assert.equal(settings.videoBitrateKbps, 4000)
  assert.equal(settings.room, 'other')
  assert.equal(settings.framerateFps, 30)
})

test('an unknown flag is told with the nearest one, a flag without a value too', () => {
  assert.equal(
    problemsOf(['--video-bitrat', '4', '--room']),
    ['--video-bitrat is not a flag; did you mean --video-bitrate? See --help.', '--room needs a value'].join('\n'),
  )
})

test('wrong values of flags and variables are told together', () => {
  const problems = problemsOf(['--framerate=1000'], { VIDEO_CODEC: 'mjpeg' })
  assert.match(problems, /FRAMERATE=1000/)
  assert.match(problems, /VIDEO_CODEC=mjpeg/)
})

test('--capabilities needs no relay and no room', () => {
  assert.equal(makeCommandLine(['--capabilities', '--json'], {}, 4).kind, 'capabilities')
})

test('--help names every variable with its flag', () => {
  assert.equal(makeCommandLine(['--help'], {}, 4).kind, 'help')
  assert.match(helpText(), /--video-encoder {2}\(VIDEO_ENCODER\)/)
  assert.match(helpText(), /--seats {2}\(NESTRI_SEATS\)/)
})

test('the encoder process gets no token and nothing else of ours but the display', () => {
  const { encoderEnv } = configOf([], { PATH: '/bin', PULSE_SERVER: 'unix:/x', NESTRI_RUN_ID: 'run1' })
  assert.deepEqual(encoderEnv, { PATH: '/bin', PULSE_SERVER: 'unix:/x', DISPLAY: ':3', NESTRI_RUN_ID: 'run1' })
})

test('an X display is captured and gets the input', () => {
  const { settings, machine } = configOf([], { NESTRI_CAPTURE: 'x11', PULSE_SERVER: 'unix:/x' })
  const request = sessionRequest(settings, machine)
  assert.deepEqual(request.source, { kind: 'x11', display: ':3' })
  assert.equal(request.inputDisplay, ':3')
  assert.deepEqual(request.audio?.source, { kind: 'pulse', server: 'unix:/x', device: 'nestri.monitor' })
  assert.equal(request.video.cores, 4)
})

test('the test picture has no input and may be silent', () => {
  const { settings, machine } = configOf(['--capture=test', '--audio-capture-method=none'])
  const request = sessionRequest(settings, machine)
  assert.deepEqual(request.source, { kind: 'test' })
  assert.equal(request.inputDisplay, null)
  assert.equal(request.audio, null)
})

test('a restart keeps the bitrate that the relay asked for and what must not be tried', () => {
  const { settings, machine } = configOf()
  const excluded = [{ name: 'nvh264enc (system)', reason: 'it crashed' }]
  const request = sessionRequest(settings, machine, { bitrateKbps: 900, excluded })
  assert.equal(request.video.bitrateKbps, 900)
  assert.deepEqual(request.wish.excluded, excluded)
})

test('the STUN server is given the scheme that webrtcbin wants, however it is written', () => {
  for (const text of ['stun.example:3478', 'stun:stun.example:3478', 'stun://stun.example:3478']) {
    const { settings, machine } = configOf([], { STUN_SERVER: text })
    assert.equal(sessionRequest(settings, machine).stunServer, 'stun://stun.example:3478')
  }
})

test('what cannot be captured or relayed is refused by name', () => {
  const refused = (env: Record<string, string>): (() => unknown) => {
    const { settings, machine } = configOf([], env)
    return () => sessionRequest(settings, machine)
  }
  assert.throws(refused({ NESTRI_CAPTURE: 'wayland' }), /captured from wayland/)
  assert.throws(refused({ DISPLAY: '', NESTRI_CAPTURE: 'auto' }), /DISPLAY is not set/)
  assert.throws(refused({ VIDEO_CODEC: 'h265' }), /relays cannot forward H\.265/)
})
