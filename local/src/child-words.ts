// SPDX-License-Identifier: Apache-2.0
// What a child program says: log lines (pino JSON) for the status, and the sentence with a code that it ends with. Pure.

import { ERRORS } from '@nestri/protocol'
import type { ErrorCode } from '@nestri/protocol'
import * as v from 'valibot'

/** A line of a child's log. */
export interface LogLine {
  /** Program that wrote it; a runner passes on the lines of its streamer. */
  name: string
  level: 'debug' | 'info' | 'warn' | 'error'
  /** Message and fields, as one line for people. */
  text: string
}

/** Fields that every line has and that say nothing to a user. */
const ORDINARY: ReadonlySet<string> = new Set(['level', 'time', 'name', 'msg', 'pid', 'hostname', 'err', 'room'])
const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** Reads a log line; undefined where the line is not one (a sentence of the program, words of a library). */
export function parseLogLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const record = JSON.parse(line) as Record<string, unknown>
    const level = LEVELS.find((name) => name === record['level'])
    if (level === undefined || typeof record['msg'] !== 'string') return undefined
    const err = record['err'] as { message?: unknown } | undefined
    const fields = Object.entries(record)
      .filter(([name]) => !ORDINARY.has(name))
      .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    const reason = typeof err?.message === 'string' && err.message !== record['msg'] ? [err.message] : []
    return { name: String(record['name']), level, text: oneLine([record['msg'], ...reason, ...fields].join(', ')) }
  } catch {
    return undefined
  }
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > MAX_TEXT_CHARS ? `${line.slice(0, MAX_TEXT_CHARS - 3)}...` : line
}

/** Longest status text, in characters; libraries explain at length. */
const MAX_TEXT_CHARS = 240

/** Whether a user is told: what went wrong, except what the runner tells as a step's change anyway. */
export function isWorthTelling({ name, level }: LogLine): boolean {
  return level === 'error' || (level === 'warn' && name !== 'runner')
}

/** A change of one of the runner's steps (desktop, audio, streamer, game). */
export interface StepChange {
  step: string
  state: 'starting' | 'ready' | 'failed' | 'stopped'
  detail: string
}

const stepChange = v.object({
  type: v.literal('status'),
  step: v.string(),
  state: v.picklist(['starting', 'ready', 'failed', 'stopped']),
  detail: v.string(),
})

/** Reads a line of the runner's standard output. */
export function parseStepChange(line: string): StepChange | undefined {
  try {
    const parsed = v.safeParse(stepChange, JSON.parse(line))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** What the user is told of a step: that it is there, and every failure; undefined = nothing. */
export function stepWords({ step, state, detail }: StepChange): string | undefined {
  if (state === 'ready') return `${step} ready`
  return state === 'failed' ? `${step} ${detail}` : undefined
}

/** How a program explained its end: the sentence, its code and the hint that runApp prints. */
export interface LastSentence {
  code: ErrorCode
  message: string
  hint: string
}

/** The explanation in the last lines of a child's standard error, if it gave one. */
export function lastSentence(lines: readonly string[]): LastSentence | undefined {
  for (let i = lines.length - 1; i >= 0; i--) {
    const [, message, code] = /^(.*) \((ERR_[A-Z_]+)\)$/.exec(lines[i] ?? '') ?? []
    if (message === undefined || code === undefined || !Object.hasOwn(ERRORS, code)) continue
    return { code: code as ErrorCode, message, hint: lines[i + 1] ?? '' }
  }
  return undefined
}

/** Lines that explain nothing to a user: stack frames, source excerpts and what Node prints around them. */
const NOISE =
  /^\s+at |^\s*\^+\s*$|^Node\.js v|^node:internal|^\s*throw |^\s*(code|requireStack|errno|syscall|path):|^\s*[{}[\]],?\s*$|^\s*$/

/** The last lines that say something, for a program that ended without a sentence of its own. */
export function tellingLines(lines: readonly string[]): string[] {
  return lines.filter((line) => parseLogLine(line) === undefined && !NOISE.test(line)).slice(-MAX_TELLING_LINES)
}

const MAX_TELLING_LINES = 6
