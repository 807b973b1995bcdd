// SPDX-License-Identifier: Apache-2.0
// Bounds that a receiver puts on what it is sent. Every socket assumes an attacker; each bound says what it protects.

/** Largest WebSocket text frame, in bytes. A webrtcbin offer is about 6 KiB; the rest is head-room. Checked before JSON.parse. */
export const MAX_MESSAGE_BYTES = 64 * 1024

/** Largest list of rooms, in characters: ten thousand rooms of about 1 KiB. Bounds what a page or an operator parses. */
export const MAX_ROOM_LIST_CHARS = 16 * 1024 * 1024

/** Largest SDP in a message, in characters. Bounds the parser's work. */
export const MAX_SDP_CHARS = 32 * 1024

/** Longest token, in characters. Ours are about 400; a longer one is not ours. */
export const MAX_TOKEN_CHARS = 2048

/** Longest room name, in characters (Kubernetes: namespace + '.' + name, 63 each). */
export const MAX_ROOM_CHARS = 127

/** Time a new WebSocket has to send its first, authenticating message. Frees sockets held open by nobody. */
export const HELLO_TIMEOUT_MS = 5_000

/** Messages per second that one signalling socket may send on average, and how many it may save up. */
export const MESSAGES_PER_SECOND = 20
export const MESSAGES_BURST = 60

/** Bytes that may wait in a socket's send buffer before the peer is called too slow and is closed. */
export const MAX_BUFFERED_BYTES = 1024 * 1024

/** Interval of the heartbeat on `WS /runner`; three missed ones end the session (design: viewers are told within 3 s). */
export const RUNNER_HEARTBEAT_MS = 500
export const RUNNER_SILENCE_MS = 2_000

/** WebSocket pings to viewers, and the silence after which a viewer's socket counts as dead. */
export const VIEWER_PING_MS = 5_000
export const VIEWER_SILENCE_MS = 15_000

/** Largest input message on a data channel, in bytes: a text message of 1 KiB plus its header. */
export const MAX_INPUT_BYTES = 1_032

/** Keys and buttons held at once that one snapshot can name. More than ten fingers, fewer than a forged list. */
export const MAX_HELD_CODES = 32

/** How long a seat stays reserved for a player whose connection was lost. */
export const SEAT_GRACE_MS = 30_000

/** Transports that have not finished ICE and DTLS by then are closed (an abandoned join must not hold a slot). */
export const CONNECT_TIMEOUT_MS = 15_000
