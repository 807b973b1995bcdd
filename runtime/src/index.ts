// SPDX-License-Identifier: Apache-2.0
// Process plumbing for Node programs. Nothing of the domain.

export * from './child-process.ts'
export * from './clock.ts'
export * from './errors.ts'
export * from './log.ts'
export * from './metrics-server.ts'
export * from './run-app.ts'
