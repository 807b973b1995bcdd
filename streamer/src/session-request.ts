// SPDX-License-Identifier: Apache-2.0
// What the encoder process is asked for, from what the runner is told. Pure.

import { NestriError } from '@nestri/protocol'
import type { StreamSettings } from '@nestri/protocol'
import type { Machine } from './config.ts'
import type { SessionRequest } from './encoder/contract.ts'
import type { NativeSource } from './native.ts'
import type { EncoderWish, Rejection } from './pipeline/choose.ts'
import type { AudioSettings, VideoSettings } from './pipeline/describe.ts'

/** Source of the room's own sink, which its supervisor makes; other programs' sound is not streamed. */
export const ROOM_MONITOR = 'nestri.monitor'

/**
 * The request of a session.
 * @param change what has changed since the start: the bitrate that the relay asked for, encoders that must not be tried
 * @throws {NestriError} ERR_CAPTURE or ERR_CODEC where the settings ask for what cannot be
 */
export function sessionRequest(
  settings: StreamSettings,
  machine: Machine,
  change: { bitrateKbps?: number; excluded?: readonly Rejection[] } = {},
): SessionRequest {
  const { videoCodec } = settings
  if (videoCodec === 'h265') {
    throw new NestriError('ERR_ENCODER_UNAVAILABLE', { codec: videoCodec, reasons: 'relays cannot forward H.265' })
  }
  const source = sourceOf(settings)
  return {
    source,
    video: videoOf(settings, machine, change.bitrateKbps ?? settings.videoBitrateKbps),
    wish: wishOf(settings, change.excluded ?? []),
    audio: audioOf(settings, machine),
    inputDisplay: source.kind === 'x11' ? source.display : null,
    stunServer: settings.stunServer === '' ? '' : `stun://${settings.stunServer.replace(/^(stun:)?(\/\/)?/, '')}`,
  }
}

function sourceOf({ capture, display }: StreamSettings): NativeSource {
  switch (capture) {
    case 'test':
      return { kind: 'test' }
    case 'auto':
    case 'x11':
      if (display !== undefined) return { kind: 'x11', display }
      throw new NestriError('ERR_CAPTURE', { source: capture, detail: 'DISPLAY is not set' })
    case 'wayland':
    case 'pipewire':
      throw new NestriError('ERR_CAPTURE', { source: capture, detail: 'this version captures from X11 only' })
  }
}

/** The picture and its encoder's settings; also what `--capabilities` probes with. */
export function videoOf(settings: StreamSettings, { cores }: Machine, bitrateKbps: number): VideoSettings {
  return {
    cores,
    ...settings.resolution,
    framerateFps: settings.framerateFps,
    rateControl: settings.videoRateControl,
    bitrateKbps,
    maxBitrateKbps: settings.videoMaxBitrateKbps,
    quantizer: settings.videoCqp,
    latency: settings.videoLatencyControl,
    keyFrameSeconds: settings.keyframeIntervalSeconds,
  }
}

/** Which encoder is wished for. */
export function wishOf(settings: StreamSettings, excluded: readonly Rejection[]): EncoderWish {
  return {
    codec: settings.videoCodec,
    element: settings.videoEncoder,
    type: settings.videoEncoderType,
    fallback: settings.encoderFallback,
    bitDepth: settings.videoBitDepth,
    gpu: {
      mode: settings.gpuMode,
      vendor: settings.gpuVendor,
      index: settings.gpuIndex,
      cardPath: settings.gpuCardPath,
    },
    // Both sources hand over system memory; zero copy comes with a capture in GPU memory.
    frameMemory: 'system',
    excluded,
  }
}

function audioOf(settings: StreamSettings, { pulseServer }: Machine): AudioSettings | null {
  const { audioCaptureMethod, audioBitrateKbps, audioRateControl, audioChannels } = settings
  const rate = { bitrateKbps: audioBitrateKbps, rateControl: audioRateControl, channels: audioChannels }
  switch (audioCaptureMethod) {
    case 'none':
      return null
    case 'alsa':
      return { ...rate, source: { kind: 'alsa', device: 'default' } }
    // PipeWire speaks PulseAudio's protocol on the same socket.
    case 'pulseaudio':
    case 'pipewire':
      return { ...rate, source: { kind: 'pulse', server: pulseServer, device: ROOM_MONITOR } }
  }
}
