/**
 * Checks for every page: no requests to other origins, no errors in the console, accessible names, sufficient
 * contrast, and nothing wider than the screen.
 *
 * @module
 */

import type { Page } from 'playwright-core'

/** Collects requests to other origins, and errors of the browser, for example from the CSP. */
export function listen(page: Page, origin: string): readonly string[] {
  const complaints: string[] = []
  page.on('console', (entry) => {
    // The browser itself logs each status of 400 and above.
    if (entry.type() === 'error' && !/Failed to load resource/.test(entry.text())) {
      complaints.push(entry.text())
    }
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(origin) || request.url().startsWith('data:')
    if (!isOwn) complaints.push(`asks ${new URL(request.url()).host}`)
  })
  return complaints
}

/** Controls and columns without a name, fields without a label, headings out of order, duplicate ids. */
export function unnamed(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const problems: string[] = []
    for (const element of document.querySelectorAll('a, button, summary, thead th, [role=img]')) {
      const name = element.getAttribute('aria-label') ?? element.textContent
      if (!name?.trim()) problems.push(`no name: ${element.outerHTML.slice(0, 80)}`)
    }
    for (const field of document.querySelectorAll<HTMLInputElement>('input, textarea')) {
      if (field.type !== 'hidden' && !field.labels?.length) problems.push(`no label: ${field.name}`)
    }
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
    problems.push(...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `twice: ${id}`))
    if (document.querySelectorAll('h1').length !== 1) problems.push('not one h1')
    for (const one of document.querySelectorAll('[aria-labelledby], [aria-describedby]')) {
      const named =
        one.getAttribute('aria-labelledby') ?? one.getAttribute('aria-describedby') ?? ''
      if (!document.getElementById(named)) problems.push(`names nothing: ${named}`)
    }
    return problems
  })
}

/** Texts whose contrast with their background is below 4.5 (WCAG 2.2, 1.4.3). */
export function faint(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = readonly [number, number, number, number]
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const parse = (text: string): Colour => {
      canvas?.clearRect(0, 0, 1, 1)
      if (canvas) canvas.fillStyle = text
      canvas?.fillRect(0, 0, 1, 1)
      const [r = 0, g = 0, b = 0, a = 0] = canvas?.getImageData(0, 0, 1, 1).data ?? []
      return [r, g, b, a / 255]
    }
    const behind = (element: Element | null): Colour => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor)
        if (colour[3] > 0.9) return colour
      }
      return [255, 255, 255, 1]
    }
    const light = ([r, g, b]: Colour): number => {
      const [x = 0, y = 0, z = 0] = [r, g, b]
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      return 0.2126 * x + 0.7152 * y + 0.0722 * z
    }
    const found = new Set<string>()
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const { parentElement: element, textContent } = walker.currentNode
      if (!element || !textContent?.trim() || !element.checkVisibility()) continue
      const lights = [light(parse(getComputedStyle(element).color)), light(behind(element))]
      const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05)
      if (contrast < 4.5) found.add(`${contrast.toFixed(2)}: ${textContent.trim().slice(0, 30)}`)
    }
    return [...found]
  })
}

/** By how many pixels the page is wider than the screen. */
export function excessWidth(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
}

/** Parts of key lists and of the navigation that are visible only after scrolling sideways, or not at all. */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => [
    ...[...document.querySelectorAll('.top nav a')].flatMap((link) =>
      link.getBoundingClientRect().right > innerWidth ? [`${link.textContent} is cut off`] : [],
    ),
    ...[...document.querySelectorAll('th .key-name')].flatMap((name) => {
      const cell = name.closest('th')
      // An ellipsis may extend into the padding of the cell.
      const padding = cell ? Number.parseFloat(getComputedStyle(cell).paddingRight) : 0
      const right = (element: Element | null | undefined): number =>
        element ? Math.floor(element.getBoundingClientRect().right) : 0
      const list = name.closest('.scroll')
      return [
        ...(right(name.closest('tr')?.querySelector('button')) > right(list) ? ['a button'] : []),
        ...(right(name) > right(cell) - padding ? ['a key'] : []),
      ].map((what) => `${what} is cut off`)
    }),
  ])
}

/** Charts into which nothing was drawn, or only one colour. */
export function emptyCharts(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('[data-chart]')].flatMap((element) => {
      const canvas = element.querySelector('canvas')
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
      const colours = new Set<number>()
      for (let i = 0; i < (pixels?.length ?? 0); i += 4) {
        if ((pixels?.[i + 3] ?? 0) > 200) {
          colours.add(
            ((pixels?.[i] ?? 0) << 16) | ((pixels?.[i + 1] ?? 0) << 8) | (pixels?.[i + 2] ?? 0),
          )
        }
      }
      return colours.size > 1 ? [] : [element.id]
    }),
  )
}
