/**
 * The files that pages ask for besides themselves, each under an address that changes with it.
 *
 * @module
 */

import { CHARTS_SCRIPT, CHARTS_STYLE } from './chart-library.ts'
import { COMPONENT_STYLE } from './component-style.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

/** A file. It holds no data, so that everybody may have it. */
export interface Asset {
  readonly name: string
  /** Relative to any page. */
  readonly href: string
  readonly type: string
  readonly text: string
}

export const ASSETS: Readonly<Record<'style' | 'charts' | 'script', Asset>> = {
  style: asset('style.css', 'text/css', CHARTS_STYLE + STYLE + COMPONENT_STYLE),
  charts: asset('charts.js', 'text/javascript', CHARTS_SCRIPT),
  script: asset('dashboard.js', 'text/javascript', SCRIPT),
}

function asset(name: string, type: string, text: string): Asset {
  return { name, href: `${name}?v=${fingerprint(text)}`, type: `${type}; charset=utf-8`, text }
}

/** FNV-1a, 32 bits: tells versions of one file apart. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  return hash.toString(36)
}
