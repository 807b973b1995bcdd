// SPDX-License-Identifier: Apache-2.0
// The relay's environment. Names without NESTRI_ are those of the predecessor, so that its users' files work.

import { booleanVariable, enumVariable, integerVariable, listVariable, textVariable } from './env.ts'
import type { EnvValues } from './env.ts'

const ADDRESS = /^[0-9A-Za-z][0-9A-Za-z.-]*$|^[0-9A-Fa-f:]+$/

/** Every variable that a relay reads. */
export const relayEnv = {
  endpointPort: integerVariable({
    name: 'ENDPOINT_PORT',
    aliases: ['LOKUST_STREAM_PORT'],
    description: 'TCP port of the page, of signalling and of the runners; 0 picks a free one.',
    default: 8088,
    min: 0,
    max: 65_535,
  }),
  mediaPort: integerVariable({
    name: 'WEBRTC_UDP_MUX',
    description: 'First media port: worker i takes this number + i, UDP and TCP. 0 picks free ones.',
    default: 8089,
    min: 0,
    max: 65_535,
  }),
  workers: integerVariable({
    name: 'NESTRI_WORKERS',
    description: 'Media worker processes; 0 = one per CPU core.',
    default: 0,
    min: 0,
    max: 64,
  }),
  udpStart: integerVariable({
    name: 'WEBRTC_UDP_START',
    description: 'First port of a range of media ports, used instead of WEBRTC_UDP_MUX when both ends are set.',
    default: 0,
    min: 0,
    max: 65_535,
  }),
  udpEnd: integerVariable({
    name: 'WEBRTC_UDP_END',
    description: 'Last port of the range of media ports.',
    default: 0,
    min: 0,
    max: 65_535,
  }),
  natIps: listVariable({
    name: 'WEBRTC_NAT_IPS',
    aliases: ['WEBRTC_NAT_IP'],
    description: 'Addresses or names under which browsers and runners reach the media ports.',
    default: [],
    pattern: ADDRESS,
    expected: 'addresses separated by commas',
  }),
  autoAddLocalIp: booleanVariable({
    name: 'AUTO_ADD_LOCAL_IP',
    description: "Announces this machine's own addresses too.",
    default: true,
  }),
  listenAddress: textVariable({
    name: 'NESTRI_LISTEN_ADDRESS',
    description: 'Address to listen on, for everything. Not set: all.',
    default: '',
    pattern: ADDRESS,
    expected: 'an IP address of this machine',
  }),
  stunServer: textVariable({
    name: 'STUN_SERVER',
    aliases: ['LOKUST_STUN'],
    description: 'STUN server that browsers are told. Not needed where WEBRTC_NAT_IPS is right.',
    default: '',
    pattern: /^(stun:)?(\/\/)?[^\s/:]+:\d{1,5}$/,
    expected: 'HOST:PORT',
  }),
  auth: enumVariable({
    name: 'NESTRI_AUTH',
    description:
      'token: runners and viewers need a token. open: anybody who reaches the port may publish, watch and play; only for a trusted network.',
    values: ['token', 'open'],
    default: 'token',
  }),
  keysDir: textVariable<string | undefined>({
    name: 'NESTRI_KEYS_DIR',
    description:
      'Folder with the keys of tokens, one JWK per file (docs/protocol.md, section Keys); read again when it changes. Not set: keys/ in PERSIST_DIR.',
    default: undefined,
    expected: 'a path',
  }),
  allowedOrigins: listVariable({
    name: 'NESTRI_ALLOWED_ORIGINS',
    description: "Origins whose pages may connect, beside the relay's own.",
    default: [],
    pattern: /^https?:\/\/[^\s/]+$/,
    expected: 'origins such as https://play.example.org, separated by commas',
  }),
  tlsCert: textVariable<string | undefined>({
    name: 'NESTRI_TLS_CERT',
    description: 'PEM file with the certificate chain; with it the relay serves HTTPS. Read again when it changes.',
    default: undefined,
    expected: 'a path',
  }),
  tlsKey: textVariable<string | undefined>({
    name: 'NESTRI_TLS_KEY',
    description: 'PEM file with the key of the certificate.',
    default: undefined,
    expected: 'a path',
  }),
  maxViewers: integerVariable({
    name: 'NESTRI_MAX_VIEWERS',
    description: 'Viewers of all rooms together; 0 sets no limit.',
    default: 0,
    min: 0,
    max: 100_000,
  }),
  maxRooms: integerVariable({
    name: 'NESTRI_MAX_ROOMS',
    description: 'Rooms that may be on the relay at the same time.',
    default: 100,
    min: 1,
    max: 10_000,
  }),
  persistDir: textVariable({
    name: 'PERSIST_DIR',
    description: 'Folder for what outlives a restart.',
    default: './persist-data',
    expected: 'a path',
  }),
  regenIdentity: booleanVariable({
    name: 'REGEN_IDENTITY',
    description: 'Makes a new identity in PERSIST_DIR at start.',
    default: false,
  }),
  metrics: booleanVariable({ name: 'METRICS', description: 'Serves metrics on METRICS_PORT.', default: false }),
  metricsPort: integerVariable({
    name: 'METRICS_PORT',
    description: 'TCP port of /metrics; 0 picks a free one.',
    default: 3030,
    min: 0,
    max: 65_535,
  }),
  runId: textVariable({
    name: 'NESTRI_RUN_ID',
    description: 'Mark of the run that started the program, by which left-over processes are found.',
    default: '',
    pattern: /^[A-Za-z0-9_-]{1,64}$/,
    expected: 'at most 64 letters and digits',
  }),
  parentStdin: booleanVariable({
    name: 'NESTRI_PARENT_STDIN',
    description: 'End when standard input closes: the starter keeps it open as its sign of life.',
    default: false,
  }),
  verbose: booleanVariable({ name: 'VERBOSE', description: 'Logs more.', default: false }),
  debug: booleanVariable({ name: 'DEBUG', description: 'Logs everything.', default: false }),
}

/** Everything that a relay is told. */
export type RelaySettings = EnvValues<typeof relayEnv>
