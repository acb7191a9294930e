/**
 * Reads the names that the cache gives to what it keeps in Redis.
 *
 * @module
 */

/** What a name stands for. `path` is that of its namespace, as the name has it. */
export type KnownName =
  | { readonly kind: 'entry' | 'lease'; readonly path: string; readonly key: string }
  | { readonly kind: 'marker'; readonly path: string; readonly segment: string }
  | { readonly kind: 'other' }

const NAME = /^([^:{}]+):([^:{}]+):(?:([el]):\{([^{}]*)\}|t:(.+))$/s
const OTHER = { kind: 'other' } as const

/**
 * What the name of a key is, by the grammar of `Keyspace`.
 *
 * @param prefix Escaped, as names have it.
 */
export function readName(prefix: string, name: string): KnownName {
  const [, found, path = '', letter, key, segment] = NAME.exec(name) ?? []
  if (found !== prefix) return OTHER
  if (segment !== undefined) return { kind: 'marker', path, segment }
  if (key === undefined) return OTHER
  return { kind: letter === 'e' ? 'entry' : 'lease', path, key }
}

/**
 * The key of the marker that a header of an entry names, wherever up the path of its namespace it is:
 * `*` is the namespace's own, `*1` that of the one around it.
 */
export function markerKey(prefix: string, path: string, segment: string): string {
  const [, above] = /^\*(\d+)$/.exec(segment) ?? []
  if (above === undefined) return `${prefix}:${path}:t:${segment}`
  const outer = path.split('/').slice(0, -Number(above)).join('/')
  return `${prefix}:${outer}:t:*`
}

/** A prefix as names have it. */
export function escapePrefix(prefix: string): string {
  return encodeURIComponent(prefix).replaceAll('*', '%2A')
}

/** What a glob of Redis has to stand for itself. A name has none of its signs but the star of a marker. */
export function globOf(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
