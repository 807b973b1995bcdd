// SPDX-License-Identifier: Apache-2.0
// The viewer's page: with a room in its address it joins that room, without one it lists the rooms.

import { NO_ROOM, publishDiagnostics } from './diagnostics.ts'
import { readLink } from './link.ts'
import { openRoomList } from './room-list.ts'
import { RoomPage } from './room-page.ts'

const root = document.getElementById('app') ?? document.body
const link = readLink(new URL(location.href))

// Another token in the same page's address is another visit.
addEventListener('hashchange', () => location.reload())

if (link.room === undefined) {
  openRoomList(root)
  publishDiagnostics(NO_ROOM)
} else {
  publishDiagnostics(new RoomPage(root, { ...link, room: link.room }).diagnostics())
}
