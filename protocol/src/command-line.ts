// SPDX-License-Identifier: Apache-2.0
// A list of arguments as one line of text and back, quoted as a POSIX shell does (XCU §2.2). No shell is involved: nothing
// is expanded, so `$`, `*` and `;` are ordinary characters.

/** One line that a POSIX shell, and parseCommand, splits into exactly these arguments. */
export function quoteCommand(args: readonly string[]): string {
  return args.map(quoteArgument).join(' ')
}

/** The arguments of a quoted line, or undefined where a quote is not closed or the line ends with a backslash. */
export function parseCommand(line: string): string[] | undefined {
  const args: string[] = []
  let current: string | undefined
  let quote: '"' | "'" | undefined
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i)
    if (quote === undefined && WHITE_SPACE.test(char)) {
      if (current !== undefined) args.push(current)
      current = undefined
    } else if (char === '\\' && quote !== "'") {
      const next = line.charAt(++i)
      if (next === '') return undefined
      // Between double quotes a backslash is itself except before a few characters.
      const escapes = quote === undefined || ESCAPED_IN_DOUBLE_QUOTES.has(next)
      current = (current ?? '') + (next === '\n' && escapes ? '' : escapes ? next : `\\${next}`)
    } else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char
      current ??= ''
    } else if (char === quote) {
      quote = undefined
    } else {
      current = (current ?? '') + char
    }
  }
  if (quote !== undefined) return undefined
  return current === undefined ? args : [...args, current]
}

const WHITE_SPACE = /[ \t\n]/
const ESCAPED_IN_DOUBLE_QUOTES: ReadonlySet<string> = new Set(['$', '`', '"', '\\', '\n'])
/** Words that no shell treats specially. `=` only in options: a first word with it would be an assignment. */
const PLAIN = /^-[\w@%+=:,./-]*$|^[\w@%+:,./-]+$/

function quoteArgument(argument: string): string {
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
}
