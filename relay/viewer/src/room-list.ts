// SPDX-License-Identifier: Apache-2.0
// The page without a room: the rooms that the relay shows to everybody, kept fresh by server-sent events, and a place
// to paste a link.

import { MAX_ROOM_LIST_CHARS, MAX_TOKEN_CHARS, parseMessage, type RoomFacts, roomList } from '@nestri/protocol'
import { el, setText } from './dom.ts'
import { icon, logo } from './icons.ts'
import { pastedHref, roomHref } from './link.ts'
import { roomWords } from './room-words.ts'

/** EventSource gives up for good on some answers; then the page asks again. */
const RETRY_MS = 3_000

/** Shows the room list in `root`. */
export function openRoomList(root: HTMLElement): void {
  const list = el('ul', { class: 'rooms' })
  const note = el('p', { class: 'rooms-note', text: 'Asking the relay for its rooms.', attributes: { role: 'status' } })
  root.replaceChildren(
    el(
      'main',
      { class: 'home' },
      el('header', { class: 'home-head' }, el('span', { class: 'brand' }, logo(), 'Nestri')),
      el('h1', { text: 'Pick a room and play' }),
      el('p', { class: 'home-lead', text: 'Games run on this cluster. Your browser is all you need.' }),
      pasteForm(),
      el('h2', { class: 'rooms-title', text: 'Public rooms' }),
      note,
      list,
    ),
  )
  document.title = 'Rooms – Nestri'
  watchRooms((rooms) => {
    setText(note, noteOf(rooms))
    list.replaceChildren(...(rooms ?? []).map(roomCard))
  })
}

function noteOf(rooms: readonly RoomFacts[] | undefined): string {
  if (rooms === undefined) return 'The relay does not answer; trying again.'
  return rooms.length === 0 ? 'No room is public at the moment. Paste the link that you were given.' : ''
}

function watchRooms(onRooms: (rooms: readonly RoomFacts[] | undefined) => void): void {
  const source = new EventSource(new URL('api/rooms?watch=1', document.baseURI))
  source.addEventListener('rooms', (event) => {
    try {
      onRooms(parseMessage(roomList, String(event.data), MAX_ROOM_LIST_CHARS).rooms)
    } catch (error) {
      console.warn('room list not understood', error)
    }
  })
  source.onerror = () => {
    onRooms(undefined)
    if (source.readyState === EventSource.CLOSED) setTimeout(() => watchRooms(onRooms), RETRY_MS)
  }
}

function roomCard(room: RoomFacts): HTMLElement {
  const words = roomWords(room, Date.now())
  return el(
    'li',
    {},
    el(
      'a',
      { class: 'room-card', attributes: { href: roomHref(room.room), 'data-state': room.state } },
      el(
        'span',
        { class: 'room-head' },
        el('span', { class: 'room-name', text: room.room }),
        el('span', { class: 'room-state', text: words.state }),
      ),
      el('span', { class: 'room-line', text: words.people }),
      el('span', { class: 'room-line dim', text: words.picture }),
    ),
  )
}

function pasteForm(): HTMLElement {
  const input = el('input', {
    class: 'paste-input',
    attributes: {
      type: 'text',
      name: 'link',
      placeholder: 'Paste the link of a room',
      'aria-label': 'Link of a room',
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      maxlength: String(2 * MAX_TOKEN_CHARS),
    },
  })
  const problem = el('p', { class: 'paste-problem', attributes: { role: 'alert' } })
  const form = el(
    'form',
    { class: 'paste' },
    el('span', { class: 'paste-field' }, icon('link'), input),
    el('button', { class: 'button primary', text: 'Join', attributes: { type: 'submit' } }),
    problem,
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const href = pastedHref(input.value, new URL(document.baseURI))
    if (href === undefined) setText(problem, 'This is not a link to a room. It looks like https://…/?room=name#token=…')
    else location.assign(href)
  })
  return form
}
