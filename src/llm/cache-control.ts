/**
 * What a request may say of its own caching, in the words of HTTP (RFC 9111, section 5.2.1).
 *
 * @module
 */

/** Request directives, read. All of them only tighten what the cache does. */
export interface CacheControl {
  /** Nothing is stored, and what is stored is not looked at. */
  readonly noStore: boolean
  /** A new answer is generated, and replaces the stored one. */
  readonly noCache: boolean
  /** Nothing is generated. */
  readonly onlyIfCached: boolean
  /** An older answer is as none; in milliseconds. */
  readonly maxAgeMs: number | undefined
}

const NONE: CacheControl = Object.freeze({
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAgeMs: undefined,
})

/** Reads the value of a `cache-control` header. Unknown directives say nothing, as HTTP has it. */
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
    // An age that cannot be read is taken for the strictest one.
    maxAgeMs: age === undefined ? undefined : /^\d{1,10}$/.test(age) ? Number(age) * 1_000 : 0,
  }
}
