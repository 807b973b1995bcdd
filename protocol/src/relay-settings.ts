// SPDX-License-Identifier: Apache-2.0
// What a relay is told: reads the table of relay-env.ts and checks what holds between variables. Pure.

import { parseEnv, variableNames } from './env.ts'
import type { Environment, EnvProblem } from './env.ts'
import { relayEnv } from './relay-env.ts'
import type { RelaySettings } from './relay-env.ts'
import { streamerEnv } from './streamer-env.ts'

/** What a relay reads of its environment. With problems, the settings are not to be used: print all and exit with 78. */
export function fromRelayEnv(env: Environment): { settings: RelaySettings; problems: EnvProblem[] } {
  const { values: settings, problems } = parseEnv(relayEnv, env, variableNames(streamerEnv))
  return { settings, problems: problems.length > 0 ? problems : crossProblems(settings) }
}

function crossProblems({ tlsCert, tlsKey, udpStart, udpEnd, endpointPort, mediaPort }: RelaySettings): EnvProblem[] {
  const problems: EnvProblem[] = []
  if (tlsCert === undefined && tlsKey !== undefined) {
    problems.push({ name: 'NESTRI_TLS_CERT', value: '', expected: 'the certificate of the key in NESTRI_TLS_KEY' })
  }
  if (tlsCert !== undefined && tlsKey === undefined) {
    problems.push({ name: 'NESTRI_TLS_KEY', value: '', expected: 'the key of the certificate in NESTRI_TLS_CERT' })
  }
  if (udpStart === 0 ? udpEnd !== 0 : udpEnd < udpStart) {
    problems.push({ name: 'WEBRTC_UDP_END', value: String(udpEnd), expected: 'a port from WEBRTC_UDP_START upwards' })
  }
  if (mediaPort !== 0 && mediaPort === endpointPort && udpStart === 0) {
    problems.push({
      name: 'WEBRTC_UDP_MUX',
      value: String(mediaPort),
      expected: 'another port than ENDPOINT_PORT: media workers bind theirs themselves, for UDP and TCP',
    })
  }
  return problems
}
