// SPDX-License-Identifier: Apache-2.0
// Reading and writing of JSON messages at a socket: size first, then JSON, then the schema. Nothing that arrives throws.

import * as v from 'valibot'
import { MAX_MESSAGE_BYTES, MAX_ROOM_CHARS, MAX_SDP_CHARS, MAX_TOKEN_CHARS } from './limits.ts'
import { NestriError } from './errors.ts'

/** A room's name: what NestriRoom calls it, on a cluster `<namespace>.<name>`. */
export const roomName = v.pipe(
  v.string(),
  v.maxLength(MAX_ROOM_CHARS),
  v.regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'is not a room name'),
)
export const sdp = v.pipe(v.string(), v.maxLength(MAX_SDP_CHARS))
export const token = v.pipe(v.string(), v.maxLength(MAX_TOKEN_CHARS))
export const counter = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** Free text that is only shown or logged. */
export const text = v.pipe(v.string(), v.maxLength(500))
export const shortText = v.pipe(v.string(), v.maxLength(100))
/** A measured figure; senders round, receivers never trust. */
export const figure = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e12))

/**
 * Parses one message of a socket, or of another source with a `limit` of its own in characters.
 * @throws {NestriError} ERR_MESSAGE_SIZE, ERR_ROOM_NAME, or ERR_MESSAGE_FORMAT with the first problem and its path.
 */
export function parseMessage<const S extends v.GenericSchema>(
  schema: S,
  data: string,
  limit: number = MAX_MESSAGE_BYTES,
): v.InferOutput<S> {
  if (data.length > limit) throw new NestriError('ERR_MESSAGE_SIZE', { size: data.length, limit })
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    throw new NestriError('ERR_MESSAGE_FORMAT', { detail: 'it is not JSON' })
  }
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue) ?? 'message'
  if (path === 'room') throw new NestriError('ERR_ROOM_NAME', { room: String(issue.input).slice(0, MAX_ROOM_CHARS) })
  throw new NestriError('ERR_MESSAGE_FORMAT', { detail: `${path}: ${issue.message}`.slice(0, 200) })
}
