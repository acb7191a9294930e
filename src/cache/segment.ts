/**
 * The segments that stand for tags in the headers of entries and in the names of markers.
 *
 * @module
 */

/** Segments that no user's tag can have: escaping never yields a star. */
export const EPOCH = '**'
/** Of this namespace; with a number behind it, of one around it. */
export const NAMESPACE = '*'
/** Before the segment of a declared prefix. */
export const PREFIX = '*/'

/** What a segment stands for. */
export interface ReadSegment {
  /** `namespace`, `ancestor` and `epoch` are the cache's own: no user named them. */
  readonly kind: 'tag' | 'prefix' | 'namespace' | 'ancestor' | 'epoch'
  /** The tag as its user wrote it; the hash where tags are hashed; in words where it is the cache's own. */
  readonly text: string
}

/** A segment as its user wrote it: of a tag, or of the words that the cache has for itself. */
export function readSegment(segment: string): ReadSegment {
  if (segment === NAMESPACE) return { kind: 'namespace', text: 'the whole namespace' }
  if (segment === EPOCH) return { kind: 'epoch', text: 'loads with late tags' }
  if (segment.startsWith(PREFIX)) {
    return { kind: 'prefix', text: `${unescaped(segment.slice(PREFIX.length))}*` }
  }
  if (segment.startsWith(NAMESPACE)) return { kind: 'ancestor', text: 'a namespace around it' }
  return { kind: 'tag', text: unescaped(segment) }
}

/** A hash stays one: nobody can read it. */
function unescaped(segment: string): string {
  return segment.startsWith('#') ? segment : plainText(segment)
}

/** A segment without its escapes; one that was not escaped here is left as it is. */
export function plainText(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
