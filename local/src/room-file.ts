// SPDX-License-Identifier: Apache-2.0
// Reads a NestriRoom from YAML text as a cluster would: schema, defaults, rules over several fields. All problems are
// reported at once, each with its line and column and its path in words. Pure.

import { NESTRI_ROOM_API_VERSION } from '@nestri/protocol'
import type { NestriRoom } from '@nestri/protocol'
import { Ajv } from 'ajv'
import { isMap, isNode, LineCounter, parse, parseAllDocuments } from 'yaml'
import type { Document } from 'yaml'
import { crossCheck } from './cross-checks.ts'
import { findings } from './problem-words.ts'
import { roomSchema } from './room-schema.ts'
import type { Schema } from './room-schema.ts'

/** Something wrong in a room file. */
export interface RoomProblem {
  /** From 1; 1 where the whole file is meant. */
  line: number
  /** From 1. */
  column: number
  /** A sentence without a full stop that begins with the field's path, e.g. `spec.video.codec must be one of ...`. */
  message: string
}

export type RoomFileResult = { ok: true; room: NestriRoom } | { ok: false; problems: RoomProblem[] }

/** Largest room file, in characters; etcd takes no larger object either. */
export const MAX_ROOM_FILE_CHARS = 1_000_000

/** The schema of the stored version in the text of a CustomResourceDefinition. */
export function crdSchemaOf(crdText: string): Schema {
  const crd = parse(crdText) as { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } }
  const version = crd.spec.versions.at(-1)
  if (version === undefined) throw new Error('the resource definition has no version')
  return version.schema.openAPIV3Schema
}

/** Reads a room. The result has every default filled in. */
export function readRoom(text: string, crdSchema: Schema): RoomFileResult {
  const lines = new LineCounter()
  const one = oneDocument(text, lines)
  if (!one.ok) return one
  const { document, value } = one
  const place = (path: readonly (string | number)[], key: boolean): { line: number; column: number } =>
    placeOf(document, lines, path, key)

  const foreign = foreignResource(value)
  if (foreign !== undefined)
    return { ok: false, problems: [{ ...place([foreign.field], false), message: foreign.message }] }
  const validate = compile(crdSchema)
  if (!validate(value)) {
    const problems = findings(validate.errors ?? []).map(({ path, message, key }) => ({
      ...place(path, key),
      message: `${pathWords(path)} ${message}`,
    }))
    return { ok: false, problems: inOrder(problems) }
  }
  const room = value as NestriRoom
  const problems = crossCheck(crdSchema, room).map(({ path, of, message }) => ({
    ...place(path, false),
    message: of.length === 0 ? message : `${pathWords(of)}: ${message}`,
  }))
  return problems.length === 0 ? { ok: true, room } : { ok: false, problems: inOrder(problems) }
}

/** `FILE:LINE:COLUMN MESSAGE`, as compilers print, so that editors and terminals find the place. */
export function formatRoomProblems(file: string, problems: readonly RoomProblem[]): string {
  return problems.map(({ line, column, message }) => `${file}:${line}:${column} ${message}`).join('\n')
}

type OneDocument = { ok: true; document: Document.Parsed; value: unknown } | { ok: false; problems: RoomProblem[] }

function oneDocument(text: string, lines: LineCounter): OneDocument {
  const whole = (message: string): OneDocument => ({ ok: false, problems: [{ line: 1, column: 1, message }] })
  if (text.length > MAX_ROOM_FILE_CHARS) return whole(`the file has more than ${MAX_ROOM_FILE_CHARS} characters`)
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const list = Array.isArray(documents) ? documents : []
  const errors = list.flatMap((document) => document.errors)
  if (errors.length > 0) {
    const problems = errors.map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0])
      return { line, column: col, message: `is not YAML: ${message}` }
    })
    return { ok: false, problems }
  }
  const [document, second] = list
  if (document === undefined || document.contents === null) return whole('the file is empty')
  if (second !== undefined) {
    const { line, col } = lines.linePos(second.range[0])
    return {
      ok: false,
      problems: [{ line, column: col, message: 'a second document starts here; give one room per file' }],
    }
  }
  try {
    return { ok: true, document, value: document.toJS({ maxAliasCount: 100 }) as unknown }
  } catch (error) {
    return whole(`is not YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Another resource than a NestriRoom: everything else would only be noise. */
function foreignResource(value: unknown): { field: string; message: string } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { field: '', message: 'the file must hold a NestriRoom: a map with apiVersion, kind, metadata and spec' }
  }
  const { apiVersion, kind } = value as Record<string, unknown>
  if (kind !== undefined && kind !== 'NestriRoom') {
    return { field: 'kind', message: `kind must be NestriRoom, not ${JSON.stringify(kind)}` }
  }
  if (apiVersion !== undefined && apiVersion !== NESTRI_ROOM_API_VERSION) {
    return {
      field: 'apiVersion',
      message: `apiVersion must be ${NESTRI_ROOM_API_VERSION}, not ${JSON.stringify(apiVersion)}`,
    }
  }
  return undefined
}

function compile(crdSchema: Schema): ReturnType<Ajv['compile']> {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: false, validateFormats: false })
  return ajv.compile(roomSchema(crdSchema))
}

function placeOf(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
  key: boolean,
): { line: number; column: number } {
  // The deepest node that is really in the file: a default that breaks a rule has no place of its own.
  for (let length = path.length; length >= 0; length--) {
    const offset = offsetOf(document, path.slice(0, length), key && length === path.length)
    if (offset === undefined) continue
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  return { line: 1, column: 1 }
}

function offsetOf(document: Document, path: readonly (string | number)[], key: boolean): number | undefined {
  if (key) {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
    const name = path.at(-1)
    const pair = isMap(parent) ? parent.items.find((item) => isNode(item.key) && item.key.toJSON() === name) : undefined
    return isNode(pair?.key) ? pair.key.range?.[0] : undefined
  }
  const node = path.length === 0 ? document.contents : document.getIn(path, true)
  return isNode(node) ? node.range?.[0] : undefined
}

/** `spec.runner.env[2].name`. */
function pathWords(path: readonly (string | number)[]): string {
  if (path.length === 0) return 'the file'
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

function inOrder(problems: readonly RoomProblem[]): RoomProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}
