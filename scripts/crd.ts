// SPDX-License-Identifier: Apache-2.0
// Reads the schema of a custom resource from crds/, with the few keywords that our generators look at.

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** A node of a structural OpenAPI v3 schema (apiextensions.k8s.io/v1). */
export interface Schema {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema
  enum?: (string | number)[]
  default?: unknown
  minimum?: number
  maximum?: number
  multipleOf?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  maxProperties?: number
  pattern?: string
  format?: string
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-validations'?: { rule: string; message: string; fieldPath?: string }[]
}

interface Crd {
  spec: { group: string; names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] }
}

/** The schema of the newest version in a CustomResourceDefinition file. */
export function readCrdSchema(file: string | URL): { kind: string; group: string; version: string; schema: Schema } {
  const crd = parse(readFileSync(file, 'utf8')) as Crd
  const version = crd.spec.versions.at(-1)
  if (version === undefined) throw new Error(`${String(file)} has no version`)
  const { group, names } = crd.spec
  return { kind: names.kind, group, version: version.name, schema: version.schema.openAPIV3Schema }
}

/** The value that the API server fills in where a field is absent, nested defaults included; undefined = none. */
export function defaultOf(schema: Schema): unknown {
  return schema.default === undefined ? undefined : withDefaults(schema, schema.default)
}

function withDefaults(schema: Schema, value: unknown): unknown {
  if (schema.properties === undefined || typeof value !== 'object' || value === null) return value
  const result: Record<string, unknown> = { ...value }
  for (const [name, property] of Object.entries(schema.properties)) {
    const filled = name in result ? withDefaults(property, result[name]) : defaultOf(property)
    if (filled !== undefined) result[name] = filled
  }
  return result
}

/** The spec that results when nothing is given. */
export function defaultSpec(schema: Schema): unknown {
  return withDefaults(schema, {})
}

/** Unit that a field's name carries, in words. */
export function unitOf(name: string): string | undefined {
  const [, unit] = Object.entries(UNITS).find(([suffix]) => name.endsWith(suffix)) ?? []
  return unit
}

const UNITS: Readonly<Record<string, string>> = {
  Kbps: 'kbit/s',
  Seconds: 's',
  Pixels: 'px',
  MiB: 'MiB',
  framerate: 'frames/s',
}

/** What values are right, in words, e.g. `5 to 240` or `h264, vp8`; empty = anything of the type. */
export function rangeOf(schema: Schema): string {
  const parts: string[] = []
  if (schema.enum !== undefined) parts.push(schema.enum.join(', '))
  if (schema.minimum !== undefined && schema.maximum !== undefined) {
    parts.push(`${schema.minimum} to ${schema.maximum}`)
  } else if (schema.minimum !== undefined) parts.push(`at least ${schema.minimum}`)
  if (schema.multipleOf !== undefined) parts.push(`a multiple of ${schema.multipleOf}`)
  if (schema.type === 'array' && schema.maxItems !== undefined) parts.push(`at most ${schema.maxItems} items`)
  if (schema.type === 'string' && schema.enum === undefined && schema.maxLength !== undefined) {
    parts.push(`at most ${schema.maxLength} characters`)
  }
  return parts.join(', ')
}
