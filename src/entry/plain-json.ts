/**
 * Shows stored values as JSON, for people and programs. It cannot be turned into the value again.
 *
 * @module
 */

import { toBase64 } from './bytes.ts'

/**
 * The value as JSON. What JSON cannot express becomes its nearest form: `null` for `undefined`, a text for a bigint or
 * a pattern, a list for a map or a set, base64 for bytes, and `[Circular]` for an object inside itself.
 */
export function plainJson(value: unknown, indent?: number): string {
  const around: { readonly part: unknown; readonly shown: unknown }[] = []
  function show(this: unknown, _name: string, part: unknown): unknown {
    while (around.length > 0 && around.at(-1)?.shown !== this) around.pop()
    if (around.some((one) => one.part === part)) return '[Circular]'
    const shown = plain(part)
    if (typeof shown === 'object') around.push({ part, shown })
    return shown
  }
  return JSON.stringify(value, show, indent)
}

function plain(value: unknown): unknown {
  if (value === undefined) return null
  // JSON would show the latter two as `{}`.
  const isText = typeof value === 'bigint' || value instanceof RegExp
  if (isText || value instanceof URLSearchParams) return String(value)
  if (value instanceof Map || value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return toBase64(value)
  if (value instanceof ArrayBuffer) return toBase64(new Uint8Array(value))
  return value
}
