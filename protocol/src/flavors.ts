// SPDX-License-Identifier: Apache-2.0
// What each flavor of a room runs when `spec.runner.launchCommand` is empty.

import type { NestriRoomSpec } from './nestri-room.gen.ts'

export type Flavor = NestriRoomSpec['flavor']

/** Program and arguments of each flavor; empty = the user must give one. */
export const FLAVOR_COMMANDS: Readonly<Record<Flavor, readonly string[]>> = {
  demo: ['chocolate-doom', '-iwad', '/usr/share/games/doom/freedoom1.wad'],
  custom: [],
  steam: ['steam', '-tenfoot', '-cef-force-gpu'],
  heroic: ['heroic'],
  lutris: ['lutris'],
}
