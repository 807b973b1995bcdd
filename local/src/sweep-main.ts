// SPDX-License-Identifier: Apache-2.0
// Run by the caretaker when its launcher is gone: sweeps the runs that nobody owns any more.

import { sweepRuns } from './run-folder.ts'

const [, , parent] = process.argv
if (parent !== undefined) await sweepRuns(parent)
