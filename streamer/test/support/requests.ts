// SPDX-License-Identifier: Apache-2.0
// A session request for tests: the test source at 720p60 without sound, changed where a test needs it.

import type { SessionRequest } from '../../src/encoder/contract.ts'
import type { EncoderWish } from '../../src/pipeline/choose.ts'
import type { VideoSettings } from '../../src/pipeline/describe.ts'

export function aRequest({
  video = {},
  wish = {},
}: {
  video?: Partial<VideoSettings>
  wish?: Partial<EncoderWish>
} = {}): SessionRequest {
  return {
    source: { kind: 'test' },
    video: {
      cores: 2,
      widthPx: 1280,
      heightPx: 720,
      framerateFps: 60,
      rateControl: 'cbr',
      bitrateKbps: 6000,
      maxBitrateKbps: 8000,
      quantizer: 26,
      latency: 'lowest-latency',
      keyFrameSeconds: 0,
      ...video,
    },
    wish: {
      codec: 'h264',
      element: '',
      type: 'software',
      fallback: 'allow',
      bitDepth: 8,
      gpu: { mode: 'shared', vendor: 'auto', index: -1, cardPath: '' },
      frameMemory: 'system',
      excluded: [],
      ...wish,
    },
    audio: null,
    inputDisplay: null,
    stunServer: '',
  }
}
