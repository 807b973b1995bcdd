// SPDX-License-Identifier: Apache-2.0
// Programs are configured by environment variables that one table describes: name, type, unit, range, default and
// description. The same table parses them, writes them and generates docs/configuration.md. Pure: the environment is a
// parameter, and all problems are reported at once.

/** One variable. `T` is the type of its value in the program. */
export interface Variable<T> {
  /** Name in the environment. */
  name: string
  /** Other names that are read when `name` is not set, e.g. those of a predecessor. */
  aliases?: readonly string[]
  /** What it is, one sentence. */
  description: string
  unit?: string
  /** Value when it is not set; undefined = none (the program treats it as absent). */
  default: T
  /** Never printed or logged. */
  secret?: boolean
  /** What values are right, in words, for messages and docs. */
  expected: string
  /** The value that a text stands for, or undefined where the text is wrong. */
  parse: (text: string) => T | undefined
  /** The text of a value: the inverse of `parse`. A method, so that variables of any type fit into one table. */
  format(value: T): string
}

export type EnvTable = Readonly<Record<string, Variable<unknown>>>
export type EnvValues<S extends EnvTable> = { -readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never }
export type Environment = Readonly<Record<string, string | undefined>>

/** A variable that cannot be used, and why. */
export interface EnvProblem {
  name: string
  value: string
  expected: string
}

interface Common<T> {
  name: string
  aliases?: readonly string[]
  description: string
  unit?: string
  default: T
  secret?: boolean
}

/** Free text. An empty variable counts as not set. */
export function textVariable<T extends string | undefined>(
  options: Common<T> & { pattern?: RegExp; expected?: string },
): Variable<string | T> {
  const { pattern, expected = 'a text', ...rest } = options
  return {
    ...rest,
    expected,
    parse: (text) => (pattern === undefined || pattern.test(text) ? text : undefined),
    format: (value) => value ?? '',
  }
}

/** A whole number within [min, max]. */
export function integerVariable<T extends number | undefined>(
  options: Common<T> & { min: number; max: number },
): Variable<number | T> {
  const { min, max, ...rest } = options
  return {
    ...rest,
    expected: `a whole number from ${min} to ${max}${options.unit === undefined ? '' : ` (${options.unit})`}`,
    parse: (text) => {
      const value = Number(text)
      return /^-?\d+$/.test(text) && value >= min && value <= max ? value : undefined
    },
    format: (value) => (value === undefined ? '' : String(value)),
  }
}

/** One of a few words, in any case. */
export function enumVariable<const V extends string, T extends V | undefined>(
  options: Common<T> & { values: readonly V[]; synonyms?: Readonly<Record<string, V>> },
): Variable<V | T> {
  const { values, synonyms = {}, ...rest } = options
  return {
    ...rest,
    expected: `one of ${values.join(', ')}`,
    parse: (text) => {
      const word = text.toLowerCase()
      return values.find((value) => value === word) ?? synonyms[word]
    },
    format: (value) => value ?? '',
  }
}

/** One of a few numbers. */
export function choiceVariable<const V extends number>(
  options: Common<NoInfer<V>> & { values: readonly V[] },
): Variable<V> {
  const { values, ...rest } = options
  return {
    ...rest,
    expected: `one of ${values.join(', ')}${options.unit === undefined ? '' : ` (${options.unit})`}`,
    parse: (text) => values.find((value) => String(value) === text),
    format: String,
  }
}

/** Yes or no, in the spellings of the predecessors. */
export function booleanVariable(options: Common<boolean>): Variable<boolean> {
  return {
    ...options,
    expected: 'true or false (also yes/no, on/off, 1/0)',
    parse: (text) => BOOLEANS[text.toLowerCase()],
    format: String,
  }
}

/** Several texts, separated by commas. */
export function listVariable(
  options: Common<readonly string[]> & { pattern?: RegExp; expected?: string },
): Variable<readonly string[]> {
  const { pattern, expected = 'texts separated by commas', ...rest } = options
  return {
    ...rest,
    expected,
    parse: (text) => {
      const items = text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
      return items.every((item) => pattern === undefined || pattern.test(item)) ? items : undefined
    },
    format: (value) => value.join(','),
  }
}

/**
 * Reads a program's variables. Nothing is thrown: the caller prints all problems and exits with 78 (EX_CONFIG, sysexits).
 * An unknown name that starts with `NESTRI_` is a problem too, with the nearest known name.
 * @param others names that other programs of ours own and that may stand in the same environment
 */
export function parseEnv<const S extends EnvTable>(
  table: S,
  env: Environment,
  others: readonly string[] = [],
): { values: EnvValues<S>; problems: EnvProblem[] } {
  const problems: EnvProblem[] = []
  const values: Record<string, unknown> = {}
  for (const [key, variable] of Object.entries(table)) {
    const name = [variable.name, ...(variable.aliases ?? [])].find((candidate) => (env[candidate] ?? '') !== '')
    const text = name === undefined ? '' : (env[name] ?? '')
    const value = name === undefined ? variable.default : variable.parse(text.trim())
    if (name !== undefined && value === undefined) {
      problems.push({ name, value: variable.secret === true ? '***' : text, expected: variable.expected })
    }
    values[key] = value
  }
  return { values: values as EnvValues<S>, problems: [...problems, ...unknownNames(table, env, others)] }
}

function unknownNames(table: EnvTable, env: Environment, others: readonly string[]): EnvProblem[] {
  const known = [...variableNames(table), ...others]
  const unknown = Object.keys(env).filter((name) => name.startsWith('NESTRI_') && !known.includes(name))
  return unknown.map((name) => {
    const nearest = nearestName(name, known)
    return {
      name,
      // A misspelt NESTRI_TOKEN holds a token all the same.
      value: /TOKEN|KEY|SECRET/.test(name) ? '***' : (env[name] ?? ''),
      expected: `a known name${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
    }
  })
}

/** The environment that `parseEnv` reads as `values`. Values that stand for "not set" are left out. */
export function formatEnv<const S extends EnvTable>(table: S, values: Partial<EnvValues<S>>): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [key, variable] of Object.entries(table)) {
    const value: unknown = values[key]
    const text = value === undefined ? '' : variable.format(value)
    if (text !== '') env[variable.name] = text
  }
  return env
}

/** Every name that a table reads, aliases included. */
export function variableNames(table: EnvTable): string[] {
  return Object.values(table).flatMap(({ name, aliases = [] }) => [name, ...aliases])
}

/** One line per problem, for the terminal. */
export function formatEnvProblems(problems: readonly EnvProblem[]): string {
  return problems.map(({ name, value, expected }) => `${name}=${value} is not valid: expected ${expected}`).join('\n')
}

/** The known name with the smallest edit distance, where it is small enough to be a slip. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= Math.max(2, name.length / 4) ? best.candidate : undefined
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  y: true,
  false: false,
  no: false,
  off: false,
  '0': false,
  n: false,
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(substitute, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
