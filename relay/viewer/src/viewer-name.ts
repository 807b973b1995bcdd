// SPDX-License-Identifier: Apache-2.0
// Names for viewers: ids are long and say nothing, and nobody logs in. The same id has the same name in every page. Pure.

const ADJECTIVES =
  'amber brave calm clever cosmic eager fancy gentle golden happy jolly keen lucky mellow nimble polar quick quiet rapid royal ruby silver snowy solar stormy sunny swift tidal tiny vivid wild witty'.split(
    ' ',
  )
const ANIMALS =
  'badger bear beaver bison cat crane crow deer dove eagle falcon ferret finch fox gecko hare hawk heron koala lemur lynx marten moose otter owl panda puffin raven robin seal tiger wolf'.split(
    ' ',
  )

/** Two words for a viewer's id, e.g. `Swift Otter`. */
export function viewerName(id: string): string {
  // FNV-1a, 32 bit: short ids spread well and nothing depends on it being hard to invert.
  let hash = 0x811c9dc5
  for (const char of id) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  const unsigned = hash >>> 0
  return `${capital(ADJECTIVES[unsigned % 32])} ${capital(ANIMALS[(unsigned >>> 8) % 32])}`
}

function capital(word: string | undefined): string {
  return word === undefined ? '' : word.charAt(0).toUpperCase() + word.slice(1)
}
