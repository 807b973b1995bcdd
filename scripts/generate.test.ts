// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { readCrdSchema } from './crd.ts'
import type { Schema } from './crd.ts'
import { driftedFiles, generated } from './generate.ts'

const CRDS = new URL('../crds/', import.meta.url)

test('every generated file is up to date', async () => {
  assert.deepEqual(driftedFiles(await generated()), [], 'run: npm run generate')
})

test('a file that differs or is missing is named', async () => {
  assert.deepEqual(driftedFiles({ 'docs/errors.md': 'x', 'docs/no-such.md': '' }), [
    'docs/errors.md',
    'docs/no-such.md',
  ])
})

for (const file of readdirSync(CRDS)) {
  const { schema } = readCrdSchema(new URL(file, CRDS))

  test(`${file}: every text and list is bounded and every field is described`, () => {
    const unbounded: string[] = []
    const undescribed: string[] = []
    visit(schema, '', (node, path) => {
      const bounded =
        node.type === 'array'
          ? node.maxItems !== undefined
          : node.type !== 'string' ||
            node.enum !== undefined ||
            node.maxLength !== undefined ||
            node.format !== undefined
      if (!bounded) unbounded.push(path)
      if (node.additionalProperties !== undefined && node.maxProperties === undefined) unbounded.push(path)
      if (node.description === undefined) undescribed.push(path)
    })
    // The three that every resource has are bounded by the API server.
    assert.deepEqual(unbounded, ['.apiVersion', '.kind'])
    assert.deepEqual(
      undescribed.filter((path) => !path.endsWith('[]') && !path.endsWith('{}')),
      ['.metadata'],
    )
  })

  test(`${file}: rules over several fields stand where all defaults are filled in`, () => {
    // The API server checks `default: {}` against the rules of that object before it fills in what is inside.
    visit(schema, '', (node, path) => {
      if (node.default !== undefined) assert.equal(node['x-kubernetes-validations'], undefined, path)
    })
  })

  test(`${file}: no description was cut by a comma`, () => {
    const [document] = parseAllDocuments(readFileSync(new URL(file, CRDS), 'utf8'), { stringKeys: true })
    assert.deepEqual(document?.errors, [])
    visit(schema, '', (node, path) => {
      const unknown = Object.keys(node).filter((key) => !KEYWORDS.has(key))
      assert.deepEqual(unknown, [], path)
    })
  })
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'type',
  'description',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'enum',
  'default',
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'maxProperties',
  'pattern',
  'format',
  'anyOf',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
])

function visit(schema: Schema, path: string, onNode: (node: Schema, path: string) => void): void {
  onNode(schema, path)
  for (const [name, child] of Object.entries(schema.properties ?? {})) visit(child, `${path}.${name}`, onNode)
  if (schema.items !== undefined) visit(schema.items, `${path}[]`, onNode)
  if (schema.additionalProperties !== undefined) visit(schema.additionalProperties, `${path}{}`, onNode)
}
