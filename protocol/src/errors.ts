// SPDX-License-Identifier: Apache-2.0
// The catalogue of everything that can be refused or fail in words that a user sees. Codes are stable: callers match
// on them, never on the sentence. docs/errors.md is generated from this table and compared by a test.

export interface ErrorInfo {
  /** What went wrong, one sentence, no full stop; `{name}` is replaced by the value. */
  message: string
  /** What the reader can do about it, one sentence. */
  hint: string
  /** HTTP status where the refusal answers a request (RFC 9110). */
  status?: number
  /** Whether the same request can succeed later without anybody changing it. */
  retry: boolean
}

const catalogue = {
  ERR_TOKEN_MISSING: {
    message: 'this relay admits only links with a token, and none was sent',
    hint: 'Open the whole link that the room printed, including the part after #.',
    status: 401,
    retry: false,
  },
  ERR_TOKEN_MALFORMED: {
    message: 'the token cannot be read',
    hint: 'Copy the link again; it was probably cut.',
    status: 401,
    retry: false,
  },
  ERR_TOKEN_KEY: {
    message: 'the token was not signed by a key of this relay',
    hint: 'Ask for a new link from the machine or cluster that runs this relay.',
    status: 401,
    retry: false,
  },
  ERR_TOKEN_EXPIRED: {
    message: 'the link has expired',
    hint: 'Ask the host of the room for a new link.',
    status: 401,
    retry: false,
  },
  ERR_TOKEN_USE: {
    message: 'the token is a {use} token and cannot be used here',
    hint: 'Use the link of the viewer in a browser and the runner token in the runner.',
    status: 403,
    retry: false,
  },
  ERR_TOKEN_ROOM: {
    message: 'the token is for room {granted}, not for room {asked}',
    hint: 'Open the link of the room that you want to join.',
    status: 403,
    retry: false,
  },
  ERR_TOKEN_GENERATION: {
    message: 'the host of the room has voided all links of generation {generation}',
    hint: 'Ask the host of the room for a new link.',
    status: 403,
    retry: false,
  },
  ERR_ROLE: {
    message: 'a {role} may not do that',
    hint: 'Join with the link for players.',
    status: 403,
    retry: false,
  },
  ERR_SEAT: {
    message: 'seat {seat} is not yours',
    hint: 'Ask for the seat first.',
    status: 403,
    retry: false,
  },
  ERR_ORIGIN: {
    message: 'pages of {origin} may not connect to this relay',
    hint: 'Open the page from the relay itself, or add the origin to NESTRI_ALLOWED_ORIGINS.',
    status: 403,
    retry: false,
  },
  ERR_MESSAGE_SIZE: {
    message: 'the message has {size} bytes, {limit} are allowed',
    hint: 'Send smaller messages.',
    status: 413,
    retry: false,
  },
  ERR_MESSAGE_FORMAT: {
    message: 'the message does not fit the protocol: {detail}',
    hint: 'Compare with docs/protocol.md.',
    status: 400,
    retry: false,
  },
  ERR_MESSAGE_ORDER: {
    message: 'the message {type} is not expected now',
    hint: 'Compare with docs/protocol.md.',
    status: 400,
    retry: false,
  },
  ERR_RATE: {
    message: 'too many messages: {limit} a second are allowed',
    hint: 'Wait a moment, then connect again.',
    status: 429,
    retry: true,
  },
  ERR_HELLO_TIMEOUT: {
    message: 'no first message came within {seconds} s',
    hint: 'Connect again.',
    status: 408,
    retry: true,
  },
  ERR_PROTOCOL_VERSION: {
    message: 'protocol version {version} is not spoken here, {supported} is',
    hint: 'Reload the page, or update the older of the two programs.',
    status: 400,
    retry: false,
  },
  ERR_ROOM_NAME: {
    message: '{room} is not a room name',
    hint: 'Use letters, digits, dots, dashes and underscores, at most 127 characters.',
    status: 400,
    retry: false,
  },
  ERR_ROOM_FULL: {
    message: 'room {room} already has its {limit} viewers',
    hint: 'Try again when somebody has left, or raise spec.session.maxParticipants.',
    status: 503,
    retry: true,
  },
  ERR_RELAY_FULL: {
    message: 'this relay serves as many viewers as it can',
    hint: 'Try again later.',
    status: 503,
    retry: true,
  },
  ERR_ROOM_TAKEN: {
    message: 'room {room} is held by a runner of epoch {epoch}',
    hint: 'A runner must announce the same epoch with its own token, or a higher one.',
    status: 409,
    retry: false,
  },
  ERR_ROOM_CLOSED: {
    message: 'room {room} was closed',
    hint: 'The host ended the room.',
    status: 410,
    retry: false,
  },
  ERR_SUPERSEDED: {
    message: 'another connection took over',
    hint: 'The room or the session is open somewhere else.',
    status: 409,
    retry: false,
  },
  ERR_SDP: {
    message: 'the session description cannot be used: {detail}',
    hint: 'Compare with docs/protocol.md; for H.264, packetization-mode 1 and constrained baseline are needed.',
    status: 400,
    retry: false,
  },
  ERR_CODEC: {
    message: 'this browser cannot decode {codec}',
    hint: 'Set spec.video.codec to vp8, or use a browser with {codec}.',
    status: 406,
    retry: false,
  },
  ERR_CONNECT_TIMEOUT: {
    message: 'no media connection came about within {seconds} s',
    hint: "Check that UDP (or TCP) to the relay's media ports is open between this device and the relay.",
    status: 504,
    retry: true,
  },
  ERR_MEDIA_LOST: {
    message: 'the media connection was lost: {reason}',
    hint: 'It is made again by itself; if it happens often, look at the network between this device and the relay.',
    status: 503,
    retry: true,
  },
  ERR_NOT_FOUND: {
    message: '{path} does not exist here',
    hint: 'See docs/protocol.md for the endpoints of a relay.',
    status: 404,
    retry: false,
  },
  ERR_METHOD: {
    message: '{method} is not possible on {path}',
    hint: 'See docs/protocol.md for the endpoints of a relay.',
    status: 405,
    retry: false,
  },
  ERR_DRAINING: {
    message: 'this relay is shutting down',
    hint: 'Connect again in a few seconds.',
    status: 503,
    retry: true,
  },
  ERR_INTERNAL: {
    message: 'something failed inside the relay',
    hint: "Look into the relay's log at this time.",
    status: 500,
    retry: true,
  },
  ERR_CONFIG: {
    message: '{name}={value} is not valid: {expected}',
    hint: 'See docs/configuration.md.',
    retry: false,
  },
  ERR_ENCODER_UNAVAILABLE: {
    message: 'no encoder for {codec} works here: {reasons}',
    hint: 'Install the GStreamer plugin, choose another codec, or set spec.video.encoder.fallback to allow.',
    retry: false,
  },
  ERR_WORKER: {
    message: 'the media worker cannot be started: {detail}',
    hint: 'Run npm run setup; the worker is built there. MEDIASOUP_WORKER_BIN names another one.',
    retry: false,
  },
  ERR_ADDON: {
    message: 'the streaming addon cannot be loaded: {detail}',
    hint: 'Run npm run setup; the addon is built there.',
    retry: false,
  },
  ERR_CAPTURE: {
    message: 'the picture cannot be captured from {source}: {detail}',
    hint: 'Check that the X display exists and that this user may read it.',
    retry: true,
  },
  ERR_INPUT: {
    message: 'input cannot go to {source}: {detail}',
    hint: 'Check that the X display exists, has the XTEST extension and lets this user in.',
    retry: true,
  },
  ERR_VIDEO_STALL: {
    message: 'no picture for {seconds} s at stage {stage}',
    hint: 'The streamer is restarted; if it happens again look at the stage that is named.',
    retry: true,
  },
  ERR_PIPELINE: {
    message: 'the media pipeline failed in {element}: {detail}',
    hint: 'The streamer is restarted; see its log for what came before.',
    retry: true,
  },
  ERR_ROOM_FILE: {
    message: '{file} is not a valid NestriRoom: {detail}',
    hint: 'Compare with examples/local-room.yaml and docs/configuration.md.',
    retry: false,
  },
  ERR_PORT_IN_USE: {
    message: 'port {port} is in use by another program',
    hint: 'End that program, or choose another port with npm start -- --port N (or ENDPOINT_PORT).',
    retry: false,
  },
  ERR_PORT_REFUSED: {
    message: 'this user may not listen on port {port}',
    hint: 'Set ENDPOINT_PORT to a port above 1023.',
    retry: false,
  },
  ERR_START_TIMEOUT: {
    message: '{what} after {seconds} s',
    hint: 'Run it again with --verbose to see what relay and runner say.',
    retry: true,
  },
  ERR_CERTIFICATE: {
    message: 'the certificate for HTTPS could not be made: {detail}',
    hint: 'Look at what openssl says, or leave --lan out.',
    retry: false,
  },
  ERR_PROGRAM_MISSING: {
    message: 'the program {program} is not installed',
    hint: 'Install it, or change spec.runner.launchCommand.',
    retry: false,
  },
  ERR_PROGRAM_EXIT: {
    message: '{program} ended with {status}',
    hint: 'Its last words are above.',
    retry: true,
  },
} as const satisfies Record<string, ErrorInfo>

/** A stable code of the catalogue. */
export type ErrorCode = keyof typeof catalogue

/** Every code with its sentence, hint and HTTP status. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorInfo>> = catalogue

/** Values put into the `{name}` places of a message. */
export type ErrorValues = Readonly<Record<string, string | number>>

/** The sentence of `code` with its values filled in, without a full stop. */
export function errorMessage(code: ErrorCode, values: ErrorValues = {}): string {
  return ERRORS[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? `{${name}}`))
}

/** An expected failure with a stable code: shown to the user as one sentence and a hint, never with a stack trace. */
export class NestriError extends Error {
  override readonly name = 'NestriError'
  readonly code: ErrorCode
  readonly values: ErrorValues

  constructor(code: ErrorCode, values: ErrorValues = {}, options?: { cause?: unknown }) {
    super(errorMessage(code, values), options)
    this.code = code
    this.values = values
  }

  /** What the reader can do about it. */
  get hint(): string {
    return ERRORS[this.code].hint.replace(/\{(\w+)\}/g, (_, name: string) => String(this.values[name] ?? `{${name}}`))
  }
}
