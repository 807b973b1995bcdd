// SPDX-License-Identifier: Apache-2.0
// Writes docs/errors.md from the error catalogue. Pure.

import { ERRORS } from '@nestri/protocol'
import { cell } from './gen-configuration.ts'

/** The text of docs/errors.md. */
export function generateErrors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { message, hint, status, retry }]) =>
      `| \`${code}\` | ${cell(message)} | ${cell(hint)} | ${status ?? ''} | ${retry ? 'yes' : ''} |`,
  )
  return `<!-- Generated from protocol/src/errors.ts by npm run generate; do not edit. -->
# Errors

Everything that can be refused or fail in words that a user sees. Codes are stable: match on them, never on the sentence.
\`{name}\` stands for a value. *Status* is the HTTP status where the refusal answers a request; *again* says whether the same
request can succeed later without anybody changing it.

| code | what went wrong | what to do | status | again |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}
