// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NestriError } from '@nestri/protocol'
import { nvidia122, nvidia126, software, va } from '../../test/support/fake-registries.ts'
import type { ProbeResult } from '../native.ts'
import { chooseEncoder, listCandidates } from './choose.ts'
import type { EncoderWish, Probe } from './choose.ts'

function aWish(changes: Partial<EncoderWish> = {}): EncoderWish {
  return {
    codec: 'h264',
    element: '',
    type: 'hardware',
    fallback: 'allow',
    bitDepth: 8,
    gpu: { mode: 'shared', vendor: 'auto', index: -1, cardPath: '' },
    frameMemory: 'system',
    excluded: [],
    ...changes,
  }
}

const WORKS: ProbeResult = { ok: true, reason: '', framesOut: 10, encodeMsP50: 2, caps: '', bytes: 1000 }

/** Only what is named works. */
function works(...names: string[]): { probe: Probe; tried: string[] } {
  const tried: string[] = []
  return {
    tried,
    probe: async ({ name }) => {
      tried.push(name)
      return names.includes(name) ? WORKS : { ...WORKS, ok: false, framesOut: 0, reason: `${name} would not open` }
    },
  }
}

function names(registry: Parameters<typeof listCandidates>[0], wish: EncoderWish): string[] {
  return listCandidates(registry, wish).candidates.map(({ name }) => name)
}

test('NVIDIA under 1.26: the GPU path comes before the copy, software last', () => {
  assert.deepEqual(names(nvidia126, aWish()), [
    'nvautogpuh264enc (CUDAMemory)',
    'nvautogpuh264enc (system)',
    'nvh264enc (CUDAMemory)',
    'nvh264enc (system)',
    'x264enc',
    'openh264enc',
  ])
})

test('NVIDIA under 1.22 also offers the element that was renamed later', () => {
  assert.ok(names(nvidia122, aWish()).includes('nvcudah264enc (CUDAMemory)'))
})

test('VA-API: the low-power unit first, through vapostproc', () => {
  assert.deepEqual(names(va, aWish()).slice(0, 4), [
    'vah264lpenc (VAMemory)',
    'vah264lpenc (system)',
    'vah264enc (VAMemory)',
    'vah264enc (system)',
  ])
})

test('a capture in GPU memory takes the way without a copy and no other', () => {
  assert.deepEqual(names(va, aWish({ frameMemory: 'DMABuf' })), ['vah264lpenc (DMABuf)', 'vah264enc (DMABuf)'])
  assert.deepEqual(names(nvidia126, aWish({ frameMemory: 'CUDAMemory' })), [
    'nvautogpuh264enc (CUDAMemory)',
    'nvh264enc (CUDAMemory)',
  ])
})

test('another GPU than the first is reached by the names of its own elements', () => {
  const second = listCandidates(nvidia126, aWish({ gpu: { ...aWish().gpu, index: 1 } })).candidates
  assert.deepEqual(
    second.filter(({ record }) => record.type === 'hardware').map(({ element }) => element),
    ['nvautogpuh264enc cuda-device-id=1', 'nvautogpuh264enc cuda-device-id=1', 'nvh264device1enc', 'nvh264device1enc'],
  )
  const node = listCandidates(va, aWish({ gpu: { ...aWish().gpu, cardPath: '/dev/dri/renderD129' } }))
  assert.equal(node.candidates[0]?.element, 'varenderD129h264enc')
  assert.ok(node.rejected.some(({ reason }) => reason === 'varenderD129h264lpenc is not registered'))
})

test('a vendor leaves the encoders of the others out, with the reason', () => {
  const { candidates, rejected } = listCandidates(va, aWish({ gpu: { ...aWish().gpu, vendor: 'nvidia' } }))
  assert.deepEqual(
    candidates.map(({ name }) => name),
    ['x264enc', 'openh264enc'],
  )
  assert.ok(rejected.some(({ name, reason }) => name === 'vah264enc' && reason === 'is not for GPUs of nvidia'))
})

test('no GPU is no error: software is taken and the reason is kept', async () => {
  const { facts } = await chooseEncoder(software, aWish(), works('x264enc').probe)
  assert.equal(facts.name, 'x264enc')
  assert.equal(facts.type, 'software')
  assert.match(facts.fallbackReason, /^no hardware encoder for h264 works here: .*nvh264enc is not registered/)
  assert.ok(facts.rejected.some(({ name }) => name === 'vah264enc'))
})

test('software that was asked for is no fallback', async () => {
  const { facts } = await chooseEncoder(nvidia126, aWish({ type: 'software' }), works('x264enc').probe)
  assert.equal(facts.name, 'x264enc')
  assert.equal(facts.fallbackReason, '')
})

test('a GPU mode of none never touches the GPU', async () => {
  const { probe, tried } = works('x264enc')
  const { facts } = await chooseEncoder(nvidia126, aWish({ gpu: { ...aWish().gpu, mode: 'none' } }), probe)
  assert.deepEqual(tried, ['x264enc'])
  assert.match(facts.fallbackReason, /NESTRI_GPU_MODE is none/)
})

test('an encoder that registers but fails its probe is rejected with its own words, and the next wins', async () => {
  const { probe, tried } = works('nvh264enc (system)')
  const { facts, candidate } = await chooseEncoder(nvidia126, aWish(), probe)
  assert.deepEqual(tried.at(-1), 'nvh264enc (system)')
  assert.equal(candidate.path.memory, 'system')
  assert.equal(facts.fallbackReason, '')
  assert.ok(
    facts.rejected.some(({ name, reason }) => name === 'nvh264enc (CUDAMemory)' && reason.includes('would not open')),
  )
})

test('a probe that throws counts as failed', async () => {
  const probe: Probe = async ({ name }) => {
    if (name === 'x264enc') throw new Error('no element "x264enc"')
    return WORKS
  }
  const { facts } = await chooseEncoder(software, aWish({ type: 'software' }), probe)
  assert.equal(facts.name, 'openh264enc')
  assert.ok(facts.rejected.some(({ name, reason }) => name === 'x264enc' && reason === 'no element "x264enc"'))
})

test('an encoder that swallows frames counts as failed', async () => {
  const probe: Probe = async ({ name }) => ({ ...WORKS, framesOut: name === 'x264enc' ? 0 : 10 })
  const { facts } = await chooseEncoder(software, aWish({ type: 'software' }), probe)
  assert.ok(facts.rejected.some(({ name, reason }) => name === 'x264enc' && reason === 'encoded no frame'))
})

test('deny fails with the code and every reason instead of taking software', async () => {
  const { probe, tried } = works('x264enc', 'openh264enc')
  const failure = await chooseEncoder(nvidia126, aWish({ fallback: 'deny' }), probe).catch((error: unknown) => error)
  assert.ok(failure instanceof NestriError)
  assert.equal(failure.code, 'ERR_ENCODER_UNAVAILABLE')
  assert.match(failure.message, /nvh264enc \(system\) would not open/)
  assert.match(failure.message, /x264enc: was not asked for/)
  assert.ok(!tried.includes('x264enc'))
})

test('a named element is tried first, and alone where fallback is denied', async () => {
  const wish = aWish({ element: 'openh264enc' })
  assert.equal(names(software, wish)[0], 'openh264enc')
  assert.deepEqual(names(software, { ...wish, fallback: 'deny' }), ['openh264enc'])
  const { facts } = await chooseEncoder(software, wish, works('x264enc').probe)
  assert.match(facts.fallbackReason, /^openh264enc does not work here: openh264enc: openh264enc would not open$/)
})

test('an element without a record is not guessed at', async () => {
  const failure = await chooseEncoder(
    software,
    aWish({ element: 'qsvh264enc', fallback: 'deny' }),
    works().probe,
  ).catch((error: unknown) => error)
  assert.match(String(failure), /qsvh264enc: is not known here/)
})

test('what is excluded is not tried again', async () => {
  const excluded = [{ name: 'nvautogpuh264enc (CUDAMemory)', reason: 'the process died while it was probed' }]
  const { probe, tried } = works('nvautogpuh264enc (system)')
  const { facts } = await chooseEncoder(nvidia126, aWish({ excluded }), probe)
  assert.deepEqual(tried, ['nvautogpuh264enc (system)'])
  assert.ok(facts.rejected.some(({ reason }) => reason === excluded[0]?.reason))
})

test('ten bits are refused rather than ignored', async () => {
  await assert.rejects(chooseEncoder(software, aWish({ bitDepth: 10 }), works('x264enc').probe), /8 bits per sample/)
})

test('VP8 is chosen among the encoders of VP8 only', () => {
  assert.deepEqual(names(nvidia126, aWish({ codec: 'vp8' })), ['vp8enc'])
})
