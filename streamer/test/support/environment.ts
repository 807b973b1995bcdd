// SPDX-License-Identifier: Apache-2.0
// The environment of programs that tests start: the only file of these tests that reads process.env.

/** Variables that a program needs to be found and to find its libraries and sanitizers. */
const ORDINARY = /^(PATH|HOME|LANG|TMPDIR|LD_LIBRARY_PATH|MEDIASOUP_\w+|GST_\w+|(A|UB|L)SAN_OPTIONS|LD_PRELOAD)$/

/** The environment without anything that would configure our programs. */
export function ordinaryEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && ORDINARY.test(name) ? [[name, value] as const] : [],
    ),
  )
}
