// SPDX-License-Identifier: Apache-2.0
// Logs: pino JSON lines on standard error, a constant lower-case message with fields for the rest. error = gave up,
// warn = recovered oddity, info = one line per lifecycle transition, debug = the rest; nothing per packet or frame.

import { pino } from 'pino'
import type { Logger } from 'pino'

export type { Logger } from 'pino'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Fields that never reach a log: whoever reads it could enter the room. */
const SECRET_FIELDS = ['token', 'resume', 'invite', 'sdp', 'NESTRI_TOKEN', '*.token', '*.resume', '*.invite', '*.sdp']

/** The log of one program; `log.child({room})` binds context. */
export function createLogger(name: string, level: LogLevel = 'info'): Logger {
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: '***' },
    },
    pino.destination({ fd: 2, sync: true }),
  )
}
