// SPDX-License-Identifier: Apache-2.0
// The rules over several fields of a room. crds/ states them in CEL for the API server; here is a twin of each, found by
// the rule's text, so that a rule without a twin is noticed by a test. Messages are those of crds/. Pure.

import type { NestriRoom, NestriRoomSpec, RoomRunnerEnvItem } from '@nestri/protocol'
import type { Rule, Schema } from './room-schema.ts'

/** A value that breaks a rule. */
export interface Violation {
  /** Where the reader has to look, e.g. `['spec', 'video', 'codec']`. */
  path: (string | number)[]
  /** The object whose rule it is. */
  of: (string | number)[]
  message: string
}

type Twin = (self: never) => boolean

function ofRoom(check: (room: NestriRoom) => boolean): Twin {
  return check as Twin
}

function ofSpec(check: (spec: NestriRoomSpec) => boolean): Twin {
  return check as Twin
}

function ofVariable(check: (variable: RoomRunnerEnvItem) => boolean): Twin {
  return check as Twin
}

const RUNNER_NAMES: readonly string[] = ['RELAY_URL', 'RESOLUTION', 'FRAMERATE', 'DISPLAY', 'PATH', 'LD_PRELOAD']

/** True where the rule holds, by the CEL text of the rule. */
export const TWINS: Readonly<Record<string, Twin>> = {
  'size(self.metadata.name) <= 63': ofRoom(({ metadata }) => metadata.name.length <= 63),
  "self.flavor != 'custom' || self.capture == 'test' || size(self.runner.launchCommand) > 0": ofSpec(
    ({ flavor, capture, runner }) => flavor !== 'custom' || capture === 'test' || runner.launchCommand.length > 0,
  ),
  "self.video.encoder.type != 'hardware' || self.video.encoder.fallback != 'deny' || self.gpu.mode != 'none'": ofSpec(
    ({ video: { encoder }, gpu }) => encoder.type !== 'hardware' || encoder.fallback !== 'deny' || gpu.mode !== 'none',
  ),
  "!self.pipeline.zeroCopy || (self.video.encoder.type == 'hardware' && !self.pipeline.softwareRender)": ofSpec(
    ({ pipeline, video }) => !pipeline.zeroCopy || (video.encoder.type === 'hardware' && !pipeline.softwareRender),
  ),
  "self.video.bitDepth == 8 || (self.pipeline.zeroCopy && self.video.codec != 'h264' && self.video.codec != 'vp8')":
    ofSpec(
      ({ video, pipeline }) =>
        video.bitDepth === 8 || (pipeline.zeroCopy && video.codec !== 'h264' && video.codec !== 'vp8'),
    ),
  "self.video.codec != 'h265'": ofSpec(({ video }) => video.codec !== 'h265'),
  'self.video.maxBitrateKbps >= self.video.bitrateKbps': ofSpec(
    ({ video }) => video.maxBitrateKbps >= video.bitrateKbps,
  ),
  'self.video.bitrateKbps >= self.video.minBitrateKbps': ofSpec(
    ({ video }) => video.bitrateKbps >= video.minBitrateKbps,
  ),
  'self.audio.maxBitrateKbps >= self.audio.bitrateKbps': ofSpec(
    ({ audio }) => audio.maxBitrateKbps >= audio.bitrateKbps,
  ),
  "self.gpu.cardPath == '' || (self.gpu.vendor == 'auto' && self.gpu.name == '' && self.gpu.index == -1)": ofSpec(
    ({ gpu }) => gpu.cardPath === '' || (gpu.vendor === 'auto' && gpu.name === '' && gpu.index === -1),
  ),
  'self.session.seats <= self.session.maxParticipants': ofSpec(
    ({ session }) => session.seats <= session.maxParticipants,
  ),
  'self.session.maxDurationSeconds == 0 || self.session.maxDurationSeconds >= 60': ofSpec(
    ({ session }) => session.maxDurationSeconds === 0 || session.maxDurationSeconds >= 60,
  ),
  "(self.relayURL == '' ? 0 : 1) + (self.relayRef.name == '' ? 0 : 1) + (size(self.relaySelector.matchLabels) == 0 ? 0 : 1) <= 1":
    ofSpec(
      ({ relayURL, relayRef, relaySelector }) =>
        [relayURL !== '', relayRef.name !== '', Object.keys(relaySelector.matchLabels).length > 0].filter(Boolean)
          .length <= 1,
    ),
  "!(self.name.startsWith('NESTRI_') || self.name in ['RELAY_URL', 'RESOLUTION', 'FRAMERATE', 'DISPLAY', 'PATH', 'LD_PRELOAD'])":
    ofVariable(({ name }) => !(name.startsWith('NESTRI_') || RUNNER_NAMES.includes(name))),
  '!(has(self.value) && has(self.valueFrom))': ofVariable(
    ({ value, valueFrom }) => value === undefined || valueFrom === undefined,
  ),
}

/** Every rule of the schema that the room breaks. The room must fit the schema otherwise. */
export function crossCheck(schema: Schema, room: NestriRoom): Violation[] {
  return check(schema, room, [])
}

function check(schema: Schema, value: unknown, path: (string | number)[]): Violation[] {
  if (value === undefined) return []
  const own = (schema['x-kubernetes-validations'] ?? [])
    .filter(({ rule }) => !(TWINS[rule] ?? unknownRule(rule))(value as never))
    .map((rule) => ({ path: [...path, ...fieldOf(rule)], of: path, message: rule.message }))
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    check(child, (value as Record<string, unknown>)[name], [...path, name]),
  )
  const items =
    schema.items !== undefined && Array.isArray(value)
      ? value.flatMap((item, i) => check(schema.items ?? {}, item, [...path, i]))
      : []
  return [...own, ...fields, ...items]
}

function fieldOf({ fieldPath = '' }: Rule): string[] {
  return fieldPath.split('.').filter((name) => name !== '')
}

function unknownRule(rule: string): never {
  throw new Error(`there is no twin of the rule ${rule}`)
}
