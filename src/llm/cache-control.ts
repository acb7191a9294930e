/**
 * Reads the caching directives of a request, which are those of HTTP (RFC 9111, section 5.2.1).
 *
 * @module
 */

/** Parsed request directives. Each of them only restricts what the cache may do. */
export interface CacheControl {
  /** The answer is not stored, and stored answers are not looked up. */
  readonly noStore: boolean
  /** A new answer is generated, and replaces the stored one. */
  readonly noCache: boolean
  /** Only a stored answer is served; none is generated. */
  readonly onlyIfCached: boolean
  /** Stored answers older than this are not served; in milliseconds. */
  readonly maxAgeMs: number | undefined
}

const NONE: CacheControl = Object.freeze({
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAgeMs: undefined,
})

/** Parses a `cache-control` header. Unknown directives are ignored, as HTTP requires. */
export function readCacheControl(header: string | undefined): CacheControl {
  if (header === undefined || header === '') return NONE
  const directives = new Map(
    header.split(',').map((directive) => {
      const [name = '', value = ''] = directive.split('=')
      return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')] as const
    }),
  )
  const age = directives.get('max-age')
  return {
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache'),
    onlyIfCached: directives.has('only-if-cached'),
    // An age that cannot be parsed counts as 0, the strictest.
    maxAgeMs: age === undefined ? undefined : /^\d{1,10}$/.test(age) ? Number(age) * 1_000 : 0,
  }
}
