/**
 * Parses the names of the cache's keys in Redis.
 *
 * @module
 */

/** What a Redis key holds. `path` is that of the namespace, escaped as in the name. */
export type KnownName =
  | { readonly kind: 'entry' | 'lease'; readonly path: string; readonly key: string }
  | { readonly kind: 'marker'; readonly path: string; readonly segment: string }
  | { readonly kind: 'other' }

const NAME = /^([^:{}]+):([^:{}]+):(?:([el]):\{([^{}]*)\}|t:(.+))$/s
const OTHER = { kind: 'other' } as const

/**
 * Parses the name of a Redis key by the grammar of `Keyspace`.
 *
 * @param prefix Escaped as in names.
 */
export function readName(prefix: string, name: string): KnownName {
  const [, found, path = '', letter, key, segment] = NAME.exec(name) ?? []
  if (found !== prefix) return OTHER
  if (segment !== undefined) return { kind: 'marker', path, segment }
  if (key === undefined) return OTHER
  return { kind: letter === 'e' ? 'entry' : 'lease', path, key }
}

/**
 * The Redis key of a marker that the header of an entry names. `*` is the marker of the entry's namespace,
 * `*1` that of the namespace around it, and so on.
 */
export function markerKey(prefix: string, path: string, segment: string): string {
  const [, above] = /^\*(\d+)$/.exec(segment) ?? []
  if (above === undefined) return `${prefix}:${path}:t:${segment}`
  const outer = path.split('/').slice(0, -Number(above)).join('/')
  return `${prefix}:${outer}:t:*`
}

/** Escapes a prefix as in names. */
export function escapePrefix(prefix: string): string {
  return encodeURIComponent(prefix).replaceAll('*', '%2A')
}

/** Escapes the special characters of a Redis glob. Names contain only one of them: the star of a marker. */
export function globOf(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
