/**
 * Names in Redis. Users' keys, tags and namespaces go in as they are; what comes out is plain
 * ASCII, bounded in length, and different for different inputs.
 *
 * ```
 * <prefix>:<namespace>:e:{<key>}   an entry
 * <prefix>:<namespace>:l:{<key>}   its lease, in the same hash slot
 * <prefix>:<namespace>:t:<tag>     the marker of a tag
 * <prefix>:<namespace>:c:{<namespace>}:<part>  a part of the change log, all in one hash slot
 * ```
 *
 * @module
 */

import { InvalidKeyError, InvalidOptionError } from '../errors.ts'
import { encodeUtf8, toBase64Url } from './bytes.ts'
import { checkLabel, checkText } from './name-text.ts'
import { type PatternPart, parsePattern } from './pattern.ts'
import { hmacSha256, sha256 } from './sha256.ts'

const MAX_KEY_BYTES = 65_536
const MAX_TAG_BYTES = 256
const MAX_SEGMENT_BYTES = 64
/** Every entry names the markers of all of them in its header, beside its tags. */
const MAX_DEPTH = 32
/** A key's name above this many characters is replaced by its hash. */
const MAX_KEY_NAME = 512
/** Likewise for a tag: lower, so that the header of 128 tags stays within its own bound. */
const MAX_TAG_NAME = 256
const MIN_SECRET_BYTES = 16
/** 132 bits: no second preimage, and no collision before 2^66 names. */
const KEYED_HASH_CHARS = 22
/** The longest escaped form of one character, four bytes as `%XX`. */
const MAX_ESCAPED_CHARACTER = 12

/** The two keys of an entry, in one hash slot. */
export interface EntryNames {
  readonly entry: string
  readonly lease: string
}

/** Options for {@link Keyspace}. */
export interface KeyspaceOptions {
  /** What separates this cache from its neighbours in one Redis; 1 to 64 bytes. */
  readonly prefix: string
  /** The path of the namespace, from the outermost: 1 to 32 segments, each 1 to 64 bytes. */
  readonly namespace: readonly string[]
  /** Hides every key and tag behind HMAC-SHA-256 with this secret of at least 16 bytes. */
  readonly hashSecret?: Uint8Array | undefined
}

type Kind = 'key' | 'tag'

/** The names of one namespace. Immutable; nested namespaces come from {@link child}. */
export class Keyspace {
  /** The escaped segments of the namespace, joined by `/`; empty for the root. */
  declare readonly path: string
  /** What every name of the namespace begins with, before a colon. */
  declare readonly base: string
  readonly #options: KeyspaceOptions
  readonly #hashers = new Map<Kind, (text: string) => string>()

  /**
   * @throws {InvalidKeyError} When the prefix or a segment is empty, longer than 64 bytes, not
   * well-formed, or has a control character; or when there are more than 32 segments.
   * @throws {InvalidOptionError} When `hashSecret` is shorter than 16 bytes.
   */
  constructor(options: KeyspaceOptions) {
    const { prefix, namespace, hashSecret } = options
    if (hashSecret !== undefined && hashSecret.length < MIN_SECRET_BYTES) {
      throw new InvalidOptionError('hashSecret', `at least ${MIN_SECRET_BYTES} bytes`)
    }
    if (namespace.length > MAX_DEPTH) {
      throw new InvalidKeyError(`namespace is longer than ${MAX_DEPTH} segments`)
    }
    this.#options = options
    this.path = namespace.map((segment) => labelOf(segment, 'namespace')).join('/')
    this.base = `${labelOf(prefix, 'prefix')}:${this.path}`
  }

  /**
   * The namespace `name` inside this one. Its keys and tags are its own.
   *
   * @throws {InvalidKeyError} When the name cannot be a segment, or this is the 32nd already.
   */
  child(name: string): Keyspace {
    return new Keyspace({ ...this.#options, namespace: [...this.#options.namespace, name] })
  }

  /** @throws {InvalidKeyError} As {@link name} does. */
  namesOf(key: string): EntryNames {
    const name = this.name(key)
    return { entry: `${this.base}:e:{${name}}`, lease: `${this.base}:l:{${name}}` }
  }

  /** The key of an entry or lease of this namespace, by its name; undefined if hashed, or not one of ours. */
  keyOf(entryKey: string): string | undefined {
    const name = entryKey.slice(this.base.length + ':e:{'.length, -'}'.length)
    try {
      return name.startsWith('#') ? undefined : decodeURIComponent(name)
    } catch {
      return undefined // percent signs that stand for nothing
    }
  }

  /**
   * The text between the braces: the key escaped, or `#` and a hash if a secret is set or the
   * escaped form is longer than 512 characters. Escaping never yields a `#`.
   *
   * @throws {InvalidKeyError} When the key is empty, longer than 65,536 bytes, or not well-formed.
   */
  name(key: string): string {
    checkText(key, 'key', MAX_KEY_BYTES)
    return this.#name('key', key, MAX_KEY_NAME)
  }

  /**
   * The segment that stands for a tag in headers and in {@link markerKey}: escaped, or hashed like
   * a key (without a secret, above 256 characters). It starts with an ASCII letter, a digit or one
   * of `-_.!~'()%#`; segments that start otherwise are free for markers that are not a user's tag.
   *
   * @throws {InvalidKeyError} When the tag is empty, longer than 256 bytes, not well-formed, or has
   * a control character.
   */
  tag(tag: string): string {
    return this.#name('tag', checkLabel(tag, 'tag', MAX_TAG_BYTES), MAX_TAG_NAME)
  }

  /** @param segment What {@link tag} returned. */
  markerKey(segment: string): string {
    return `${this.base}:t:${segment}`
  }

  /**
   * The globs for Redis `SCAN ... MATCH` that find every entry and lease of this namespace, nested
   * ones left out, whose key matches the pattern. They may find more: `?` is widened to `*`, and
   * every key hashed for its length is found by a pattern that could stand for one.
   *
   * @throws {InvalidKeyError} When the pattern is not one, or keys are hashed with a secret.
   */
  scanPatterns(pattern: string): readonly string[] {
    const parts = parsePattern(pattern)
    if (this.#options.hashSecret !== undefined) {
      throw new InvalidKeyError('patterns cannot match hashed keys; use tags or a declared prefix')
    }
    const [first, ...rest] = parts
    if (first?.kind === 'text' && rest.length === 0) {
      return [`${this.base}:[el]:{${this.name(first.text)}}`]
    }
    const globs = [`${this.base}:[el]:{${globOf(parts)}}`]
    if (longestName(parts) > MAX_KEY_NAME) globs.push(`${this.base}:[el]:{#*}`)
    return globs
  }

  #name(kind: Kind, text: string, maxChars: number): string {
    if (this.#options.hashSecret === undefined && text.length <= maxChars) {
      const escaped = percentEncode(text)
      if (escaped.length <= maxChars) return escaped
    }
    let hash = this.#hashers.get(kind)
    if (hash === undefined) {
      hash = hasher(kind, this.path, this.#options.hashSecret)
      this.#hashers.set(kind, hash)
    }
    return `#${hash(text)}`
  }
}

/** Hashes `kind 0 path 0 text`. */
function hasher(
  kind: Kind,
  path: string,
  secret: Uint8Array | undefined,
): (text: string) => string {
  const digest = secret === undefined ? sha256 : hmacSha256(secret)
  const chars = secret === undefined ? undefined : KEYED_HASH_CHARS
  return (text) => toBase64Url(digest(encodeUtf8(`${kind}\0${path}\0${text}`))).slice(0, chars)
}

/** Percent-encodes the UTF-8 of everything but letters, digits and `-_.!~'()`. */
function percentEncode(text: string): string {
  // encodeURIComponent leaves the star alone, which is a wildcard to Redis.
  return encodeURIComponent(text).replaceAll('*', '%2A')
}

/** The name of a prefix, or of a segment of a namespace. */
function labelOf(text: string, what: string): string {
  return percentEncode(checkLabel(text, what, MAX_SEGMENT_BYTES))
}

function globOf(parts: readonly PatternPart[]): string {
  const glob = parts.map((part) => (part.kind === 'text' ? percentEncode(part.text) : '*')).join('')
  // Neighbouring stars say no more than one, and cost Redis a recursion each.
  return glob.replace(/\*+/g, '*')
}

/** An upper bound on the escaped length of the keys a pattern stands for. */
function longestName(parts: readonly PatternPart[]): number {
  let length = 0
  for (const part of parts) {
    if (part.kind === 'run') return Infinity
    length += part.kind === 'text' ? percentEncode(part.text).length : MAX_ESCAPED_CHARACTER
  }
  return length
}
