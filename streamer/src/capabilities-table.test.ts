// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capabilitiesTable } from './capabilities-table.ts'

const CAPABILITIES = {
  version: 1,
  backend: 'gstreamer',
  requestedBackend: 'gstreamer',
  fallbackReason: '',
  gstreamer: 'GStreamer 1.26.2',
  encoders: [],
} as const

test('the report says what works, how fast, and why the rest does not', () => {
  const table = capabilitiesTable({ ...CAPABILITIES, encoders: [] }, [
    {
      name: 'x264enc',
      codec: 'h264',
      type: 'software',
      works: true,
      reason: '',
      encodeMs: 3.456,
      missing: [],
      quirks: ['spends less than asked'],
    },
    {
      name: 'nvh264enc (CUDAMemory)',
      codec: 'h264',
      type: 'hardware',
      works: false,
      reason: 'no session',
      encodeMs: 0,
      missing: [],
      quirks: [],
    },
  ])
  assert.equal(
    table,
    [
      'GStreamer 1.26.2',
      '',
      'encoder                 codec  type      works  ms/frame  remarks',
      'x264enc                 h264   software  yes    3.5       spends less than asked',
      'nvh264enc (CUDAMemory)  h264   hardware  no     -         no session',
      '',
    ].join('\n'),
  )
})

test('without the addon the reason stands at the top', () => {
  const stub = { ...CAPABILITIES, backend: 'stub', fallbackReason: 'not built', encoders: [] } as const
  assert.match(capabilitiesTable({ ...stub, encoders: [] }, []), /^stub: not built\n/)
})
