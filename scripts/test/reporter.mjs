// SPDX-License-Identifier: Apache-2.0
// A reporter for node:test that writes what the table at the end of `npm test` needs: how many tests passed, failed and
// were skipped, which failed, and which took longest. One JSON text at the end.

const SLOWEST = 5

export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const failures = []
  const slow = []
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    // A file with tests in it is reported like a test; only what failed in it beside its tests counts.
    const isFile = data.details?.type === 'suite' || (data.nesting === 0 && data.name === data.file)
    if (type === 'test:pass' && isFile) continue
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1
    else if (type === 'test:pass') counts.passed += 1
    else {
      counts.failed += 1
      failures.push({ name: data.name, file: data.file, line: data.line, error: data.details?.error?.message })
    }
    slow.push({ name: data.name, ms: Math.round(data.details?.duration_ms ?? 0) })
  }
  slow.sort((a, b) => b.ms - a.ms)
  yield `${JSON.stringify({ ...counts, failures, slowest: slow.slice(0, SLOWEST) })}\n`
}
