// SPDX-License-Identifier: Apache-2.0
// Checks what the linter cannot see: the licence line of every source file, the length of C++ files, and that nothing
// but streamer/src/native.ts loads the addon. Prints every problem and ends with 1 when there is one.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectFiles } from './project-files.mjs'
import { root } from './setup/paths.mjs'

const LICENCE = 'SPDX-License-Identifier: Apache-2.0'
const SOURCE = /\.(ts|mjs|js|cpp|hpp|h|c|css)$/
const NATIVE = /\.(cpp|hpp|h|c)$/
const MAX_NATIVE_LINES = 400
const ADDON_LOADER = 'streamer/src/native.ts'

/** Problems of one file, as sentences. */
function problemsOf(file, text) {
  const problems = []
  const lines = text.split('\n')
  if (!lines[0].includes(LICENCE)) problems.push(`its first line is not "${LICENCE}"`)
  if (NATIVE.test(file) && lines.length > MAX_NATIVE_LINES + 1) {
    problems.push(`it has ${lines.length - 1} lines, more than ${MAX_NATIVE_LINES}`)
  }
  if (file.endsWith('.ts') && file !== ADDON_LOADER && /(require|import|dlopen)\([^)]*\.node['"`)]/.test(text)) {
    problems.push(`it loads a .node file; only ${ADDON_LOADER} does`)
  }
  return problems.map((problem) => `${file}: ${problem}`)
}

const files = projectFiles(SOURCE).filter((file) => !file.endsWith('.gen.ts'))
const problems = await Promise.all(
  files.map(async (file) => problemsOf(file, await readFile(join(root, file), 'utf8'))),
)
for (const problem of problems.flat()) process.stderr.write(`${problem}\n`)
if (problems.flat().length > 0) process.exit(1)
