// SPDX-License-Identifier: Apache-2.0
// Import for its effect in journeys with independent receivers: libdatachannel's threads would keep the test's process
// alive for ever. It is ended when its tests have been reported.

import { after } from 'node:test'

const REPORTED_MS = 300

after(() => {
  setTimeout(() => process.exit(), REPORTED_MS).unref()
})
