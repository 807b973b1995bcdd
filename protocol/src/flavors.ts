// SPDX-License-Identifier: Apache-2.0
// What each flavor of a room runs when `spec.runner.launchCommand` is empty.

import type { NestriRoomSpec } from './nestri-room.gen.ts'

export type Flavor = NestriRoomSpec['flavor']

/**
 * Program and arguments of a flavor; empty = the user must give one.
 * @param resolution size of the desktop, for programs that must be told
 */
export function flavorCommand(flavor: Flavor, { widthPx, heightPx }: { widthPx: number; heightPx: number }): string[] {
  switch (flavor) {
    case 'demo':
      // A window of the desktop's size: without a window manager full screen is too small. -warp starts in the first level.
      return [
        ...['chocolate-doom', '-iwad', '/usr/share/games/doom/freedoom1.wad'],
        ...['-window', '-geometry', `${widthPx}x${heightPx}`, '-warp', '1', '1', '-skill', '2'],
      ]
    case 'steam':
      return ['steam', '-tenfoot', '-cef-force-gpu']
    case 'heroic':
      return ['heroic']
    case 'lutris':
      return ['lutris']
    case 'custom':
      return []
  }
}
