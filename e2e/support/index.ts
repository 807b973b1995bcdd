// SPDX-License-Identifier: Apache-2.0
// What journeys and benchmarks share: rooms made of the real programs, a real browser, and eyes and hands for both.

export * from './browser.ts'
export * from './config.ts'
export * from './frames.ts'
export * from './keys.ts'
export * from './launcher.ts'
export * from './ports.ts'
export * from './programs.ts'
export * from './receiver.ts'
export * from './rtp.ts'
export * from './snapshot.ts'
export * from './udp-proxy.ts'
