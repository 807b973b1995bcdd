// SPDX-License-Identifier: Apache-2.0
// A room in one line, for the start. Pure.

import { streamSettings } from '@nestri/protocol'
import type { NestriRoom } from '@nestri/protocol'

/** `room demo: chocolate-doom, 1280x720 at 60 frames/s, h264 at 6000 kbit/s, sound from pulseaudio`. */
export function summary({ metadata, spec }: NestriRoom, display: string | undefined): string {
  const { widthPixels, heightPixels, framerate } = spec.display
  const sound = spec.audio.captureMethod === 'none' ? 'no sound' : `sound from ${spec.audio.captureMethod}`
  return [
    `room ${metadata.name}: ${programOf(spec, display)}`,
    `${widthPixels}x${heightPixels} at ${framerate} frames/s`,
    `${spec.video.codec} at ${spec.video.bitrateKbps} kbit/s`,
    sound,
  ].join(', ')
}

function programOf(spec: NestriRoom['spec'], display: string | undefined): string {
  if (spec.capture === 'test') return 'test picture'
  const [program = ''] = launchCommand(spec, display)
  const name = program.split('/').at(-1) ?? program
  if (display === undefined) return name
  return name === '' ? `display ${display}` : `${name} on display ${display}`
}

/** What the runner will start; empty = nothing. */
export function launchCommand(spec: NestriRoom['spec'], display: string | undefined): readonly string[] {
  return streamSettings(display === undefined ? spec : { ...spec, capture: 'x11' }, { display }).launchCommand
}
