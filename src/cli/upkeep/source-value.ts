/**
 * Reads values as another cache has stored them.
 *
 * @module
 */

import { gunzipSync } from 'node:zlib'

/** `json`: JSON, or `compressed:` followed by gzipped JSON in base64. `text`: the text itself. */
export type SourceFormat = 'json' | 'text'

/** A value, or that the text cannot be read. */
export type SourceValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'unreadable' }

const COMPRESSED = 'compressed:'
const UNREADABLE: SourceValue = { kind: 'unreadable' }

/**
 * The value of a stored text.
 *
 * @param maxBytes Maximum size of a decompressed text.
 */
export function readSource(text: string, format: SourceFormat, maxBytes: number): SourceValue {
  if (format === 'text') return { kind: 'value', value: text }
  try {
    const json = text.startsWith(COMPRESSED)
      ? inflated(text.slice(COMPRESSED.length), maxBytes)
      : text
    return { kind: 'value', value: JSON.parse(json) }
  } catch {
    // Expected: the text is not JSON, not gzip, or too long when decompressed.
    return UNREADABLE
  }
}

function inflated(base64: string, maxOutputLength: number): string {
  return gunzipSync(Buffer.from(base64, 'base64'), { maxOutputLength }).toString()
}
