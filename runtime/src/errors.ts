// SPDX-License-Identifier: Apache-2.0
// What an expected failure looks like to the plumbing: any error that carries a stable code and a hint for the reader.

/** An error that is told in one sentence with a hint, without a stack trace. */
export interface ExpectedError extends Error {
  /** Stable code of the error catalogue. */
  code: string
  /** What the reader can do about it. */
  hint: string
  /** Exit status of the program that dies of it; 1 when absent. */
  exitCode?: number
}

/** Whether `error` is told as a sentence (true) or as an unexpected failure with its stack (false). */
export function isExpectedError(error: unknown): error is ExpectedError {
  return (
    error instanceof Error &&
    'hint' in error &&
    typeof error.hint === 'string' &&
    'code' in error &&
    typeof error.code === 'string'
  )
}

/** EX_CONFIG of sysexits: the configuration is wrong, starting again is of no use. */
export const EXIT_CONFIG = 78

/** Ends a program with a given status after its message has been printed as it is. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
