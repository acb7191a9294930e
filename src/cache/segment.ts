/**
 * The segments that stand for tags in the headers of entries and in the names of markers.
 *
 * @module
 */

/** The epoch. No user's tag can have a segment with a star, because escaping never yields one. */
export const EPOCH = '**'
/** This namespace; followed by a number, a namespace around it. */
export const NAMESPACE = '*'
/** Precedes the segment of a declared prefix. */
export const PREFIX = '*/'

/** What a segment stands for. */
export interface ReadSegment {
  /** `namespace`, `ancestor` and `epoch` are the cache's own: no user named them. */
  readonly kind: 'tag' | 'prefix' | 'namespace' | 'ancestor' | 'epoch'
  /** The tag as the user wrote it, or its hash if tags are hashed; a description for the cache's own segments. */
  readonly text: string
}

/** Tells what a segment stands for. */
export function readSegment(segment: string): ReadSegment {
  if (segment === NAMESPACE) return { kind: 'namespace', text: 'the whole namespace' }
  if (segment === EPOCH) return { kind: 'epoch', text: 'loads with late tags' }
  if (segment.startsWith(PREFIX)) {
    return { kind: 'prefix', text: `${unescaped(segment.slice(PREFIX.length))}*` }
  }
  if (segment.startsWith(NAMESPACE)) return { kind: 'ancestor', text: 'a namespace around it' }
  return { kind: 'tag', text: unescaped(segment) }
}

/** Leaves a hash as it is, since it cannot be reversed. */
function unescaped(segment: string): string {
  return segment.startsWith('#') ? segment : plainText(segment)
}

/** A segment without its escapes; one that is not well-formed is left as it is. */
export function plainText(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
