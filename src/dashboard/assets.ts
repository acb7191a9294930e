/**
 * The files that pages load. The address of each file changes with its content.
 *
 * @module
 */

import { CHARTS_STYLE, CHARTS_VERSION } from './chart-library.ts'
import { COMPONENT_STYLE } from './component-style.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

/** A file. It contains no data, and is served without authentication. */
export interface Asset {
  readonly name: string
  readonly type: string
  readonly text: string
}

const STYLES = asset('style.css', 'text/css', CHARTS_STYLE + STYLE + COMPONENT_STYLE)
const BEHAVIOUR = asset('dashboard.js', 'text/javascript', SCRIPT)

/** The files that every dashboard serves. uPlot can be served by the host instead. */
export const ASSETS: readonly Asset[] = [STYLES, BEHAVIOUR]

/** The addresses of the files, relative to any page. */
export const HREFS: Readonly<Record<'style' | 'charts' | 'script', string>> = {
  style: versioned(STYLES),
  charts: `charts.js?v=${CHARTS_VERSION}`,
  script: versioned(BEHAVIOUR),
}

function asset(name: string, type: string, text: string): Asset {
  return { name, type: `${type}; charset=utf-8`, text }
}

function versioned({ name, text }: Asset): string {
  return `${name}?v=${fingerprint(text)}`
}

/** FNV-1a, 32 bits: distinguishes versions of one file. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  return hash.toString(36)
}
