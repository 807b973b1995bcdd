// SPDX-License-Identifier: Apache-2.0
// A small SVG writer for plots: elements as text, one style sheet that follows the reader's light or dark scheme. Pure.

/** Attributes; numbers are rounded to a tenth of a pixel. */
export type Attributes = Readonly<Record<string, string | number>>

/** One element. `children` are finished SVG text. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const text = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? pixels(value) : escapeXml(value)}"`)
    .join('')
  return children.length === 0 ? `<${name}${text}/>` : `<${name}${text}>${children.join('')}</${name}>`
}

/** A line of text. */
export function label(content: string, attributes: Attributes): string {
  return element('text', attributes, [escapeXml(content)])
}

/** A line through points, without fill. */
export function polyline(points: readonly (readonly [number, number])[], attributes: Attributes): string {
  const path = points.map(([x, y]) => `${pixels(x)},${pixels(y)}`).join(' ')
  return element('polyline', { points: path, fill: 'none', ...attributes })
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function pixels(value: number): string {
  return String(Math.round(value * 10) / 10)
}

// The colours of series keep at least 3:1 against both backgrounds; ink and grid change with the scheme.
const STYLE = `
text{font:12px system-ui,sans-serif;fill:#24292f}
.title{font-size:14px;font-weight:600}
.quiet{fill:#57606a}
.grid{stroke:#d8dee4;stroke-width:1}
.axis{stroke:#8c959f;stroke-width:1}
.target{stroke:#cf222e;stroke-width:1.5;stroke-dasharray:4 3}
.s0{--c:#2f7de1}.s1{--c:#c2620e}.s2{--c:#1a8a5a}.s3{--c:#9a5bd0}.s4{--c:#b5477f}.s5{--c:#708090}
.line{stroke:var(--c);stroke-width:2;stroke-linejoin:round}
.thin{stroke:var(--c);stroke-width:1;opacity:.45}
.fill{fill:var(--c)}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.quiet{fill:#9198a1}.grid{stroke:#30363d}.axis{stroke:#6e7681}.target{stroke:#ff7b72}
}`

/** A whole picture with a transparent background. `title` is what screen readers say. */
export function picture(widthPx: number, heightPx: number, title: string, children: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${widthPx} ${heightPx}" width="${widthPx}" height="${heightPx}" role="img">`
  return `${head}\n<title>${escapeXml(title)}</title>\n<style>${STYLE}</style>\n${children.join('\n')}\n</svg>\n`
}
