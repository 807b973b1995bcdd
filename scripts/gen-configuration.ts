// SPDX-License-Identifier: Apache-2.0
// Writes docs/configuration.md from the tables that the programs read and the schema of NestriRoom. Pure.

import { IGNORED_STREAMER_NAMES, relayEnv, streamerEnv } from '@nestri/protocol'
import type { EnvTable, Variable } from '@nestri/protocol'
import { defaultOf, rangeOf, unitOf } from './crd.ts'
import type { Schema } from './crd.ts'

/** The text of docs/configuration.md. */
export function generateConfiguration(room: { version: string; schema: Schema }): string {
  const spec = room.schema.properties?.['spec'] ?? {}
  return `<!-- Generated from crds/ and protocol/src/*-env.ts by npm run generate; do not edit. -->
# Configuration

A room is described by a NestriRoom. \`npm start FILE\` reads the same resource that a cluster does and gives each program its
environment; runner and relay containers work on their environment alone. A value in a NestriRoom is the value in the
environment. A program that finds wrong values names all of them and ends with status 78; an unknown name that starts with
\`NESTRI_\` is a wrong value too, so that a slip is not silently ignored.

- [NestriRoom](#nestriroom)
- [Runner](#runner)
- [Relay](#relay)

## NestriRoom

\`nestri.io/${room.version}\`, namespaced, short name \`nr\`. Every field has a default unless the table says otherwise.

| field of \`spec\` | type | values | default | meaning |
| --- | --- | --- | --- | --- |
${fields(spec, '').join('\n')}

Rules over several fields:

${rules(spec, '').join('\n')}

## Runner

Names without \`NESTRI_\` are those of the projects this one follows. \`LOKUST_STREAM_WIDTH\` and \`LOKUST_STREAM_HEIGHT\` are read
where \`RESOLUTION\` is not set; \`x264\`, \`nvenc\` and \`vaapi\` in \`LOKUST_ENCODER\` stand for their elements.
${IGNORED_STREAMER_NAMES.map((name) => `\`${name}\``).join(', ')} are accepted and have no effect.

${variables(streamerEnv)}

## Relay

\`npm start\` passes these on from its own environment, except those that it sets itself: the folders, the certificate, the
addresses that are listened on and announced, and the marks of its run. With \`--lan\`, WEBRTC_NAT_IPS is announced beside the
machine's own addresses.

${variables(relayEnv)}
`
}

/** Text that may stand in a cell of a Markdown table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function fields(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`
    if (child.properties !== undefined) return fields(child, `${path}.`)
    const nested = child.items?.properties === undefined ? [] : fields(child.items, `${path}[].`)
    return [fieldRow(name, path, child, schema.required?.includes(name) === true), ...nested]
  })
}

function fieldRow(name: string, path: string, schema: Schema, required: boolean): string {
  const unit = unitOf(name)
  const value = defaultOf(schema)
  const shown = value === undefined ? (required ? 'required' : 'none') : `\`${JSON.stringify(value)}\``
  const type = schema.type === 'array' ? `list of ${schema.items?.type ?? 'object'}` : (schema.type ?? 'any')
  return `| \`${path}\` | ${type} | ${cell(rangeOf(schema))}${unit === undefined ? '' : ` (${unit})`} | ${shown} | ${cell(schema.description ?? '')} |`
}

function rules(schema: Schema, prefix: string): string[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(
    ({ message }) => `- ${prefix === '' ? '' : `\`${prefix}\`: `}${message}`,
  )
  const nested = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    return [...rules(child, path), ...(child.items === undefined ? [] : rules(child.items, `${path}[]`))]
  })
  return [...own, ...nested]
}

function variables(table: EnvTable): string {
  const rows = Object.values(table).map((variable) => variableRow(variable))
  return `| variable | values | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}`
}

function variableRow(variable: Variable<unknown>): string {
  const { name, aliases = [], expected, default: value, description, secret } = variable
  const text = value === undefined ? '' : variable.format(value)
  const also = aliases.length === 0 ? '' : ` Also read as ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`
  const hidden = secret === true ? ' Never logged.' : ''
  return `| \`${name}\` | ${cell(expected)} | ${text === '' ? '' : `\`${cell(text)}\``} | ${cell(description)}${also}${hidden} |`
}
