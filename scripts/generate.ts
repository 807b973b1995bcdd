// SPDX-License-Identifier: Apache-2.0
// Writes every generated file: types from crds/, docs from the tables that the programs read. With --check it writes
// nothing and fails when a file differs from what would be written.

import { readFileSync, writeFileSync } from 'node:fs'
import { readCrdSchema } from './crd.ts'
import { generateTypes } from './gen-room-types.ts'

const ROOT = new URL('../', import.meta.url)

/** The types of the custom resources, by path from the repository's root. */
function generatedTypes(): Record<string, string> {
  return {
    'protocol/src/nestri-room.gen.ts': generateTypes({
      ...readCrdSchema(new URL('crds/nestriroom.yaml', ROOT)),
      source: 'crds/nestriroom.yaml',
    }),
  }
}

/** The documents, by path. They come from tables that import the generated types, so they are loaded after those. */
async function generatedDocs(): Promise<Record<string, string>> {
  const { generateConfiguration } = await import('./gen-configuration.ts')
  const { generateErrors } = await import('./gen-errors.ts')
  return {
    'docs/configuration.md': generateConfiguration(readCrdSchema(new URL('crds/nestriroom.yaml', ROOT))),
    'docs/errors.md': generateErrors(),
  }
}

/** Every generated file with the text that it should have. */
export async function generated(): Promise<Record<string, string>> {
  return { ...generatedTypes(), ...(await generatedDocs()) }
}

/** The files whose text on disk is not the generated one. */
export function driftedFiles(files: Readonly<Record<string, string>>): string[] {
  return Object.keys(files).filter((path) => currentText(path) !== files[path])
}

function currentText(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, ROOT), 'utf8')
  } catch {
    return undefined
  }
}

function write(files: Readonly<Record<string, string>>): void {
  for (const path of driftedFiles(files)) {
    writeFileSync(new URL(path, ROOT), files[path] ?? '')
    console.log(`wrote ${path}`)
  }
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const drifted = driftedFiles(await generated())
    if (drifted.length > 0) {
      console.error(`not up to date: ${drifted.join(', ')}\nRun: npm run generate`)
      process.exitCode = 1
    }
  } else {
    write(generatedTypes())
    write(await generatedDocs())
  }
}
