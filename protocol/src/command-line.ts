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
  let rest = line.replace(LEADING_SPACE, '')
  while (rest !== '') {
    const word = takeWord(rest)
    if (word === undefined) return undefined
    // A lone line continuation is no argument.
    if (!/^(?:\\\n)+$/.test(rest.slice(0, word.length))) args.push(word.text)
    rest = rest.slice(word.length).replace(LEADING_SPACE, '')
  }
  return args
}

/** The word at the start of `text` and how many characters of it belong to the word. */
function takeWord(text: string): { text: string; length: number } | undefined {
  let word = ''
  let length = 0
  while (length < text.length && !/[ \t\n]/.test(text.charAt(length))) {
    const [piece] = PIECE.exec(text.slice(length)) ?? []
    if (piece === undefined) return undefined
    word += unquote(piece)
    length += piece.length
  }
  return { text: word, length }
}

/** What a piece of a word stands for. */
function unquote(piece: string): string {
  switch (piece.charAt(0)) {
    case "'":
      return piece.slice(1, -1)
    case '"':
      // Between double quotes a backslash is itself except before a few characters.
      return piece.slice(1, -1).replace(/\\([$`"\\\n])/g, (_, char: string) => (char === '\n' ? '' : char))
    case '\\':
      return piece === '\\\n' ? '' : piece.slice(1)
    default:
      return piece
  }
}

const LEADING_SPACE = /^[ \t\n]+/
/** A quoted or escaped piece, or a run of ordinary characters. */
const PIECE = /^(?:'[^']*'|"(?:[^"\\]|\\[^])*"|\\[^]|[^\s'"\\]+|[^\S \t\n]+)/
/** Words that no shell treats specially. `=` only in options: a first word with it would be an assignment. */
const PLAIN = /^-[\w@%+=:,./-]*$|^[\w@%+:,./-]+$/

function quoteArgument(argument: string): string {
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
}
