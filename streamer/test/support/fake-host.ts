// SPDX-License-Identifier: Apache-2.0
// Stands in for the streamer host where the supervisor alone is tested: says what a host says and does nothing.

const say = (state: string, reason = ''): void => {
  process.stdout.write(`${JSON.stringify({ type: 'status', state, reason })}\n`)
}
const [, , failure] = process.argv
if (failure !== undefined) {
  process.stderr.write(`${failure}\nDo something about it.\n`)
  process.exit(1)
}
say('starting')
say('connecting')
process.on('SIGTERM', () => process.exit(0))
process.stdin.on('close', () => process.exit(0)).resume()
setTimeout(() => say('streaming'), 50)
setInterval(() => undefined, 1_000_000)
