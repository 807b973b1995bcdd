// SPDX-License-Identifier: Apache-2.0
// Writes TypeScript types of a custom resource from its schema: one set as stored (fields with a default are always
// there) and one as written by a user (they are optional). Pure.

import { defaultOf, defaultSpec, rangeOf, unitOf } from './crd.ts'
import type { Schema } from './crd.ts'

export interface TypeOptions {
  kind: string
  group: string
  version: string
  schema: Schema
  /** File that the types come from, for the header. */
  source: string
}

/** The text of `nestri-room.gen.ts`. */
export function generateTypes({ kind, group, version, schema, source }: TypeOptions): string {
  const spec = schema.properties?.['spec']
  if (spec === undefined) throw new Error(`${source} has no spec`)
  const out = new Map<string, string>()
  const writer = { out, kind }
  const short = kind.replace(/^Nestri/, '')
  writeInterface(writer, { name: `${kind}Spec`, prefix: short }, spec, 'stored')
  writeInterface(writer, { name: `${kind}SpecInput`, prefix: short }, spec, 'written')
  if (schema.properties?.['status'] !== undefined) {
    const names = { name: `${kind}Status`, prefix: `${short}Status` }
    writeInterface(writer, names, schema.properties['status'], 'written')
  }
  return `// SPDX-License-Identifier: Apache-2.0
// Generated from ${source} by scripts/generate.ts; do not edit. ${kind} is a resource as the API server stores it, with
// all defaults filled in; ${kind}Input is what a user may write.

/** \`apiVersion\` of the resource. */
export const ${constantName(kind)}_API_VERSION = '${group}/${version}'

/** The part of a resource's metadata that our programs read. */
export interface ${kind}Metadata {
  name: string
  namespace?: string
  uid?: string
  generation?: number
  resourceVersion?: string
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
}

${comment(schema.description, '')}export interface ${kind} {
  apiVersion: typeof ${constantName(kind)}_API_VERSION
  kind: '${kind}'
  metadata: ${kind}Metadata
  spec: ${kind}Spec
  status?: ${kind}Status
}

/** ${kind} as a user writes it. */
export interface ${kind}Input {
  apiVersion: typeof ${constantName(kind)}_API_VERSION
  kind: '${kind}'
  metadata: ${kind}Metadata
  spec: ${kind}SpecInput
}

${[...out.values()].reverse().join('\n')}
/** The spec that results when nothing is given. */
export const ${constantName(kind)}_DEFAULT_SPEC: ${kind}Spec = ${JSON.stringify(defaultSpec(spec), undefined, 2)}
`
}

interface Writer {
  out: Map<string, string>
  kind: string
}

/** `stored` = after defaulting; `written` = before. */
type Variant = 'stored' | 'written'

/** Name of an interface, and what the names of the types of its fields begin with: `RoomVideo`, `RoomVideoEncoder`. */
interface Names {
  name: string
  prefix: string
}

function writeInterface(writer: Writer, { name, prefix }: Names, schema: Schema, variant: Variant): void {
  const lines: string[] = []
  for (const [property, child] of Object.entries(schema.properties ?? {})) {
    const type = typeOf(writer, `${prefix}${capital(property)}`, child, variant)
    const present =
      schema.required?.includes(property) === true || (variant === 'stored' && child.default !== undefined)
    lines.push(`${fieldComment(property, child)}  ${property}${present ? '' : '?'}: ${type}`)
  }
  writer.out.set(name, `${comment(schema.description, '')}export interface ${name} {\n${lines.join('\n')}\n}\n`)
}

function typeOf(writer: Writer, name: string, schema: Schema, variant: Variant): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'number | string'
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'Record<string, unknown>'
  if (schema.enum !== undefined) return schema.enum.map((value) => literal(value)).join(' | ')
  switch (schema.type) {
    case 'boolean':
    case 'string':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array': {
      const item = typeOf(writer, `${name}Item`, schema.items ?? {}, variant)
      return item.includes('|') ? `(${item})[]` : `${item}[]`
    }
    case 'object': {
      if (schema.additionalProperties !== undefined) {
        return `Record<string, ${typeOf(writer, `${name}Value`, schema.additionalProperties, variant)}>`
      }
      const own = variant === 'written' && hasDefaults(schema) ? `${name}Input` : name
      if (!writer.out.has(own)) writeInterface(writer, { name: own, prefix: name }, schema, variant)
      return own
    }
    default:
      throw new Error(`${name} has the type ${schema.type ?? 'none'}, which this generator does not know`)
  }
}

function hasDefaults(schema: Schema): boolean {
  return Object.values(schema.properties ?? {}).some((child) => child.default !== undefined || hasDefaults(child))
}

function fieldComment(name: string, schema: Schema): string {
  const parts = [schema.description ?? '']
  const unit = unitOf(name)
  if (unit !== undefined) parts.push(`Unit: ${unit}.`)
  const range = rangeOf(schema)
  if (range !== '' && schema.enum === undefined) parts.push(`Range: ${range}.`)
  if (schema.default !== undefined && schema.type !== 'object') {
    parts.push(`Default: ${JSON.stringify(defaultOf(schema))}.`)
  }
  return comment(parts.join(' '), '  ')
}

function comment(text: string | undefined, indent: string): string {
  return text === undefined || text === '' ? '' : `${indent}/** ${text.trim()} */\n`
}

function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : `'${value}'`
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}

function constantName(kind: string): string {
  return kind.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()
}
