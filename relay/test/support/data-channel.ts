// SPDX-License-Identifier: Apache-2.0
// Import for its effect: libdatachannel's threads keep a test's process alive, and its own cleanup() races with objects
// that the garbage collector still holds. So the process is ended when its tests have been reported.

import { after } from 'node:test'

const REPORTED_MS = 300

after(() => {
  setTimeout(() => process.exit(), REPORTED_MS).unref()
})
