// SPDX-License-Identifier: Apache-2.0
// Says in words what the schema validator found. Pure.

import { nearestName } from '@nestri/protocol'
import type { ErrorObject } from 'ajv'
import { NAME_PATTERN } from './room-schema.ts'

/** Where a problem is and what it is. `key` = the field's name is wrong, not its value. */
export interface Finding {
  path: (string | number)[]
  message: string
  key: boolean
}

/** One finding of each validator error that says something of its own. */
export function findings(errors: readonly ErrorObject[]): Finding[] {
  return errors.flatMap((error) => {
    // What each branch of an alternative lacks is noise; `anyOf` itself says it in one sentence.
    if (/\/anyOf\//.test(error.schemaPath)) return []
    const message = words(error)
    return message === undefined ? [] : [finding(error, message)]
  })
}

function finding({ instancePath, keyword, params }: ErrorObject, message: string): Finding {
  const path = instancePath.split('/').slice(1).map(segment)
  if (keyword !== 'additionalProperties') return { path, message, key: false }
  return { path: [...path, String(params['additionalProperty'])], message, key: true }
}

/** A segment of a JSON pointer (RFC 6901). */
function segment(text: string): string | number {
  const name = text.replaceAll('~1', '/').replaceAll('~0', '~')
  return /^\d+$/.test(name) ? Number(name) : name
}

function words({ keyword, params, parentSchema, data }: ErrorObject): string | undefined {
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((parentSchema as { properties?: object } | undefined)?.properties ?? {})
      return `is not a known field${didYouMean(String(params['additionalProperty']), known)}`
    }
    case 'required':
      return `needs the field ${String(params['missingProperty'])}`
    case 'type':
      return `must be ${article(String(params['type']))}, not ${describe(data)}`
    case 'enum': {
      const values = (params['allowedValues'] as unknown[]).map(String)
      const hint = typeof data === 'string' ? didYouMean(data, values) : ''
      return `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}, not ${describe(data)}${hint}`
    }
    case 'minimum':
    case 'maximum': {
      const { minimum, maximum } = parentSchema as { minimum?: number; maximum?: number }
      const bounds = minimum === undefined ? `at most ${maximum}` : `at least ${minimum}`
      return `must be ${minimum !== undefined && maximum !== undefined ? `from ${minimum} to ${maximum}` : bounds}, not ${describe(data)}`
    }
    case 'multipleOf':
      return params['multipleOf'] === 2
        ? `must be even, not ${describe(data)}`
        : `must be a multiple of ${String(params['multipleOf'])}, not ${describe(data)}`
    case 'maxLength':
      return `must have at most ${String(params['limit'])} characters`
    case 'maxItems':
      return `must have at most ${String(params['limit'])} items`
    case 'maxProperties':
      return `must have at most ${String(params['limit'])} fields`
    case 'pattern':
      if (params['pattern'] === NAME_PATTERN)
        return `must consist of lower-case letters, digits, dots and dashes, not ${describe(data)}`
      return `is not a valid value: ${describe(data)} does not fit ${String(params['pattern'])}`
    case 'anyOf':
      return 'must be a whole number or a text such as 500m or 8Gi'
    default:
      return keyword === 'x-kubernetes-int-or-string' ? undefined : `breaks the rule ${keyword}`
  }
}

function didYouMean(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? '' : `; did you mean ${nearest}?`
}

function article(type: string): string {
  return TYPE_WORDS[type] ?? `a ${type}`
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'a map of fields',
  array: 'a list',
  string: 'a text (in quotes where it looks like something else)',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function describe(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map of fields'
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
