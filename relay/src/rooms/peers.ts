// SPDX-License-Identifier: Apache-2.0
// What a room knows of its peers: the connections behind them live elsewhere and are told here what to do.

import type { NestriError, RelayToRunner, RelayToViewer, Role } from '@nestri/protocol'

/** A viewer that joined. */
export interface RoomViewer {
  readonly id: string
  readonly role: Role
  send: (message: RelayToViewer) => void
  /** The room's media was replaced: negotiate it. */
  mediaChanged: () => void
  /** The viewer has another seat, or none. */
  seatChanged: (seat: number | undefined) => void
  /** Ends the connection for good. */
  end: (error: NestriError) => void
}

/** A runner's control connection. `id` is new for each connection. */
export interface RoomRunner {
  readonly id: string
  send: (message: RelayToRunner) => void
  /** Ends the connection; `final` = it must not come back with the same announce. */
  end: (error: NestriError, options: { final: boolean }) => void
}
