// SPDX-License-Identifier: Apache-2.0
// What `--capabilities` prints: which encoders work on this machine with this picture, and why the others do not. Pure.

import type { Capabilities, ProbedEncoder } from './encoder/contract.ts'

/** The report as lines for the terminal. */
export function capabilitiesTable(capabilities: Capabilities, encoders: readonly ProbedEncoder[]): string {
  const rows = [
    ['encoder', 'codec', 'type', 'works', 'ms/frame', 'remarks'],
    ...encoders.map((one) => [
      one.name,
      one.codec,
      one.type,
      one.works ? 'yes' : 'no',
      one.works ? one.encodeMs.toFixed(1) : '-',
      one.works ? remarks(one) : one.reason,
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const { backend, fallbackReason, gstreamer } = capabilities
  const head = backend === 'stub' ? `stub: ${fallbackReason}` : gstreamer
  return [head, '', ...lines, ''].join('\n')
}

function remarks({ missing, quirks }: ProbedEncoder): string {
  return [...missing.map((text) => `has no ${text}`), ...quirks].join('; ')
}
