// SPDX-License-Identifier: Apache-2.0
// The schema of NestriRoom as this program checks a file: the cluster's, with unknown fields refused instead of dropped
// (a slip must not be silently ignored) and with the metadata that a room without a cluster needs. Pure.

import { NESTRI_ROOM_API_VERSION } from '@nestri/protocol'

/** A node of the schema in crds/, as far as this program reads it. */
export interface Schema {
  type?: string
  description?: string
  default?: unknown
  enum?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-validations'?: Rule[]
  [keyword: string]: unknown
}

/** A rule over several fields (CEL). */
export interface Rule {
  rule: string
  message: string
  /** Field that the message is about, relative to the object of the rule, e.g. `.video.codec`. */
  fieldPath?: string
}

/** Names of Kubernetes objects (RFC 1123 subdomain); a room's must fit into a label, 63 characters. */
export const NAME_PATTERN = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'

/** The schema that a room file is checked against. */
export function roomSchema(crdSchema: Schema): Schema {
  const closed = close(crdSchema)
  return {
    ...closed,
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      ...closed.properties,
      apiVersion: { type: 'string', enum: [NESTRI_ROOM_API_VERSION] },
      kind: { type: 'string', enum: ['NestriRoom'] },
      metadata: {
        type: 'object',
        required: ['name'],
        // Everything that `kubectl get -o yaml` prints may stand here.
        additionalProperties: true,
        properties: {
          name: { type: 'string', maxLength: 63, pattern: NAME_PATTERN },
          namespace: { type: 'string', maxLength: 63, pattern: NAME_PATTERN },
        },
      },
      status: { type: 'object' },
    },
  }
}

/** Refuses unknown fields everywhere where the schema names the fields of an object. */
function close(schema: Schema): Schema {
  const result: Schema = { ...schema }
  if (schema.properties !== undefined) {
    result.properties = mapValues(schema.properties, close)
    if (schema['x-kubernetes-preserve-unknown-fields'] !== true) result.additionalProperties = false
  }
  if (schema.items !== undefined) result.items = close(schema.items)
  if (typeof schema.additionalProperties === 'object') result.additionalProperties = close(schema.additionalProperties)
  return result
}

function mapValues(record: Record<string, Schema>, map: (schema: Schema) => Schema): Record<string, Schema> {
  return Object.fromEntries(Object.entries(record).map(([name, schema]) => [name, map(schema)]))
}
