/**
 * Reads values as another cache has stored them.
 *
 * @module
 */

import { gunzipSync } from 'node:zlib'

/** `json`: JSON, or gzip of it as base64 after the word `compressed:`. `text`: the text itself. */
export type SourceFormat = 'json' | 'text'

/** A value, or why there is none to be had. */
export type SourceValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'unreadable' }

const COMPRESSED = 'compressed:'
const UNREADABLE: SourceValue = { kind: 'unreadable' }

/**
 * The value of a stored text.
 *
 * @param maxBytes Bound on what a compressed text may become.
 */
export function readSource(text: string, format: SourceFormat, maxBytes: number): SourceValue {
  if (format === 'text') return { kind: 'value', value: text }
  try {
    const json = text.startsWith(COMPRESSED)
      ? inflated(text.slice(COMPRESSED.length), maxBytes)
      : text
    return { kind: 'value', value: JSON.parse(json) }
  } catch {
    // Not JSON, not gzip, or too long: none of them says what is in the text.
    return UNREADABLE
  }
}

function inflated(base64: string, maxOutputLength: number): string {
  return gunzipSync(Buffer.from(base64, 'base64'), { maxOutputLength }).toString()
}
