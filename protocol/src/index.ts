// SPDX-License-Identifier: Apache-2.0
// Contracts that two of our programs share. Browser-safe: no Node types, no I/O, one dependency (valibot).

export * from './codecs.ts'
export * from './env.ts'
export * from './errors.ts'
export * from './facts.ts'
export * from './ingest.ts'
export * from './frame-clock.ts'
export * from './input.ts'
export * from './limits.ts'
export { parseMessage } from './message.ts'
export * from './signaling.ts'
export * from './tokens.ts'
