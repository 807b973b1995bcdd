// SPDX-License-Identifier: Apache-2.0
// Makes elements. No framework, no markup strings: text is always text, so nothing that a relay sends can become markup.

type Child = Node | string | undefined

export interface ElementOptions {
  class?: string
  text?: string
  /** Attributes as written in HTML; never `style`, which the page's policy forbids. */
  attributes?: Readonly<Record<string, string>>
  onClick?: (event: MouseEvent) => void
}

/** Makes one element with its children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (options.class !== undefined) element.className = options.class
  if (options.text !== undefined) element.textContent = options.text
  for (const [name, value] of Object.entries(options.attributes ?? {})) element.setAttribute(name, value)
  if (options.onClick !== undefined) element.addEventListener('click', options.onClick as EventListener)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

/** Makes an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
  ...children: SVGElement[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Sets an element's text where it differs: an unchanged live region stays silent. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** A button with a word, and an icon where there is room for one. */
export function button(
  label: string,
  onClick: () => void,
  options: { class?: string; icon?: SVGElement; attributes?: Record<string, string> } = {},
): HTMLButtonElement {
  return el(
    'button',
    {
      class: options.class ?? 'button',
      attributes: { type: 'button', ...options.attributes },
      onClick: () => onClick(),
    },
    options.icon,
    el('span', { text: label }),
  )
}
