// SPDX-License-Identifier: Apache-2.0
// The page's own icons and logo, drawn from paths: no font, no request.

import { svg } from './dom.ts'

const STROKES = {
  sound: ['M4 9.500v5h3.500L12 18.500v-13L7.5 9.500H4Z', 'M15.5 9a4 4 0 0 1 0 6', 'M18 6.500a7.5 7.5 0 0 1 0 11'],
  muted: ['M4 9.500v5h3.500L12 18.500v-13L7.5 9.500H4Z', 'm16 9.5 5 5', 'm21 9.5-5 5'],
  expand: ['M4 9V4h5', 'M20 9V4h-5', 'M4 15v5h5', 'M20 15v5h-5'],
  shrink: ['M9 4v5H4', 'M15 4v5h5', 'M9 20v-5H4', 'M15 20v-5h5'],
  chart: ['M4 19h16', 'M5 15l4-5 4 3 6-8'],
  pointer: ['M6 4l12 7-5.2 1.500L10 18 6 4Z'],
  target: ['M12 3v4', 'M12 17v4', 'M3 12h4', 'M17 12h4', 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z'],
  link: [
    'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.700l-1.5 1.5',
    'M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.700l1.5-1.5',
  ],
  pad: [
    'M8 8h8a5 5 0 0 1 5 5.500c0 4-3 5.5-5 2.500h-8c-2 3-5 1.5-5-2.500A5 5 0 0 1 8 8Z',
    'M8 10.800v3.4',
    'M6.3 12.500h3.4',
    'M16 11.500v.01',
    'M17.5 13.500v.01',
  ],
  rotate: [
    'M7 3h6a1.5 1.5 0 0 1 1.5 1.500v4',
    'M9 21H5.500A1.5 1.5 0 0 1 4 19.500v-15',
    'M20 11.500v6a1.5 1.5 0 0 1-1.5 1.500H11',
    'm13.5 16.5-2.5 2.5 2.5 2.5',
  ],
  home: ['M4 11.5 12 5l8 6.5', 'M6.5 10v9h11v-9'],
} as const

export type IconName = keyof typeof STROKES

/** A 24x24 line icon in the text's colour. Decoration only: the control that holds it carries the words. */
export function icon(name: IconName): SVGSVGElement {
  const paths = STROKES[name].map((d) => svg('path', { d }))
  return svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' }, ...paths)
}

/** The triangle of the big play button. */
export function playIcon(): SVGSVGElement {
  const triangle = svg('path', {
    d: 'M9 6.800c0-1.2 1.3-1.9 2.3-1.300l8 5.200c.9.6.9 2 0 2.600l-8 5.200c-1 .6-2.3-.1-2.3-1.300Z',
  })
  return svg('svg', { viewBox: '0 0 24 24', class: 'play-icon', 'aria-hidden': 'true' }, triangle)
}

/** A nest with a play mark in it. */
export function logo(): SVGSVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 32 32', class: 'logo', 'aria-hidden': 'true' },
    svg('rect', { width: '32', height: '32', rx: '9', class: 'logo-ground' }),
    svg('path', { d: 'M7 17.500c0 5.2 4 8.5 9 8.500s9-3.3 9-8.5', class: 'logo-line', 'stroke-width': '3' }),
    svg('path', { d: 'M11.6 17c0 2.7 1.9 4.4 4.4 4.400s4.4-1.7 4.4-4.4', class: 'logo-line', 'stroke-width': '2.4' }),
    svg('path', {
      d: 'M13.2 6.700c0-.9 1-1.5 1.8-1l5.4 3.300c.8.5.8 1.6 0 2.100L15 14.400c-.8.5-1.8-.1-1.8-1z',
      class: 'logo-mark',
    }),
  )
}
