// SPDX-License-Identifier: Apache-2.0
// Import for its effect: libdatachannel's threads keep a test's process alive until they are told to end.

import { after } from 'node:test'
import { cleanup } from 'node-datachannel'

after(() => cleanup())
