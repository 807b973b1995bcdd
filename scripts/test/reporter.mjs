// SPDX-License-Identifier: Apache-2.0
// A reporter for node:test that writes what the table at the end of `npm test` needs: how many tests passed, failed and
// were skipped, which failed, and which took longest. One JSON text at the end.

const SLOWEST = 5

/** Whether an event is about a test; a file or a suite is reported like one, and counts only when it fails by itself. */
function isTest({ type, data }) {
  if (type !== 'test:pass' && type !== 'test:fail') return false
  const holdsTests = data.details?.type === 'suite' || (data.nesting === 0 && data.name === data.file)
  return type === 'test:fail' || !holdsTests
}

export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const failures = []
  const tests = []
  for await (const event of events) {
    if (!isTest(event)) continue
    const { name, file, line, skip, todo, details } = event.data
    tests.push({ name, ms: Math.round(details?.duration_ms ?? 0) })
    if (skip !== undefined || todo !== undefined) counts.skipped += 1
    else if (event.type === 'test:pass') counts.passed += 1
    else {
      counts.failed += 1
      failures.push({ name, file, line })
    }
  }
  tests.sort((a, b) => b.ms - a.ms)
  yield `${JSON.stringify({ ...counts, failures, slowest: tests.slice(0, SLOWEST) })}\n`
}
