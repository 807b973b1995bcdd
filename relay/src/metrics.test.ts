// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { RelayMetrics } from './metrics.ts'

const DOCS = new URL('../../docs/metrics.md', import.meta.url)

test('docs/metrics.md lists every metric of the relay with its kind and help', async () => {
  const metrics = await new RelayMetrics().registry.getMetricsAsJSON()
  const rows = metrics.map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`).sort()
  const docs = await readFile(DOCS, 'utf8')
  const documented = docs.split('\n').filter((line) => line.startsWith('| `nestri_relay_'))
  assert.deepEqual(documented, rows, `the table of docs/metrics.md should be:\n${rows.join('\n')}`)
})

test('only codes of the catalogue become label values', async () => {
  const metrics = new RelayMetrics()
  metrics.refused('ERR_TOKEN_KEY')
  metrics.refused('anything"}')
  const text = await metrics.registry.getSingleMetricAsString('nestri_relay_refusals_total')
  assert.match(text, /refusals_total\{code="ERR_TOKEN_KEY"\} 1/)
  assert.ok(!text.includes('anything'))
})
