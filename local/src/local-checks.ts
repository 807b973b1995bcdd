// SPDX-License-Identifier: Apache-2.0
// What a room may ask for that only a cluster can give: refused where the room would not be what it says, noted where it
// makes no difference to the game. Pure.

import type { NestriRoom } from '@nestri/protocol'

/** What `npm start` has to say about a valid room. */
export interface LocalFindings {
  /** Sentences without a full stop; the room is not started. */
  problems: string[]
  /** Sentences without a full stop; the room is started. */
  notes: string[]
}

/** Compares a room with what one machine without a cluster can do. */
export function localCheck({ spec }: NestriRoom): LocalFindings {
  const problems: string[] = []
  const notes: string[] = []
  if (spec.suspend) problems.push('spec.suspend is true: the room is suspended; set it to false to start it')
  for (const { name, valueFrom } of spec.runner.env) {
    if (valueFrom === undefined) continue
    problems.push(
      `spec.runner.env ${name}: valueFrom needs a cluster; give a value, or leave it out and set ${name} yourself`,
    )
  }
  if (spec.runner.image !== '') notes.push('spec.runner.image is not used: programs of this machine run')
  if (spec.relayURL !== '' || spec.relayRef.name !== '' || Object.keys(spec.relaySelector.matchLabels).length > 0) {
    notes.push('the relay that the room names is not used: this command starts one of its own')
  }
  if (spec.gpu.mode === 'exclusive' && spec.gpu.count > 1) {
    notes.push(`spec.gpu.count ${spec.gpu.count} is not used: the runner takes one GPU of this machine`)
  }
  return { problems, notes }
}
