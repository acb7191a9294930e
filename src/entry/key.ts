/**
 * Builds names in Redis from keys, tags and namespaces as users write them. Names are plain
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
/** Limited because every entry names the markers of all its namespaces in its header, beside its tags. */
const MAX_DEPTH = 32
/** The name of a key is replaced by its hash if it is longer than this many characters. */
const MAX_KEY_NAME = 512
/** The same for a tag; lower, so that a header of 128 tags stays within its own limit. */
const MAX_TAG_NAME = 256
const MIN_SECRET_BYTES = 16
/** 132 bits: no second preimage, and no collision before 2^66 names. */
const KEYED_HASH_CHARS = 22
/** The longest escaped form of one character: four bytes as `%XX`. */
const MAX_ESCAPED_CHARACTER = 12

/** The two keys of an entry, in one hash slot. */
export interface EntryNames {
  readonly entry: string
  readonly lease: string
}

/** Options for {@link Keyspace}. */
export interface KeyspaceOptions {
  /** Separates this cache from others in the same Redis; 1 to 64 bytes. */
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
  /** Every name of the namespace begins with this and a colon. */
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
   * @throws {InvalidKeyError} When the name is not a valid segment, or this namespace is already nested 32 deep.
   */
  child(name: string): Keyspace {
    return new Keyspace({ ...this.#options, namespace: [...this.#options.namespace, name] })
  }

  /** @throws {InvalidKeyError} As {@link name} does. */
  namesOf(key: string): EntryNames {
    const name = this.name(key)
    return { entry: `${this.base}:e:{${name}}`, lease: `${this.base}:l:{${name}}` }
  }

  /** The key in the name of an entry or lease of this namespace; `undefined` if hashed, or escaped wrongly. */
  keyOf(entryKey: string): string | undefined {
    const name = entryKey.slice(this.base.length + ':e:{'.length, -'}'.length)
    try {
      return name.startsWith('#') ? undefined : decodeURIComponent(name)
    } catch {
      return undefined // malformed escapes
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
   * of `-_.!~'()%#`; other first characters are free for markers that are not a user's tag.
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
   * The globs for Redis `SCAN ... MATCH` that find every entry and lease of this namespace (not of
   * nested ones) whose key matches the pattern. They may find more: `?` is widened to `*`, and if
   * the pattern could match a key that is hashed for its length, all such keys are found.
   *
   * @throws {InvalidKeyError} When the pattern is not valid, or keys are hashed with a secret.
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

/** Makes a function that hashes kind, path and text, separated by NUL. */
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
  // encodeURIComponent does not escape the star, which is a wildcard in Redis.
  return encodeURIComponent(text).replaceAll('*', '%2A')
}

/** The escaped form of a prefix, or of a segment of a namespace. */
function labelOf(text: string, what: string): string {
  return percentEncode(checkLabel(text, what, MAX_SEGMENT_BYTES))
}

function globOf(parts: readonly PatternPart[]): string {
  const glob = parts.map((part) => (part.kind === 'text' ? percentEncode(part.text) : '*')).join('')
  // Adjacent stars mean the same as one, but each costs Redis a recursion.
  return glob.replace(/\*+/g, '*')
}

/** An upper bound on the escaped length of the keys that match a pattern. */
function longestName(parts: readonly PatternPart[]): number {
  let length = 0
  for (const part of parts) {
    if (part.kind === 'run') return Infinity
    length += part.kind === 'text' ? percentEncode(part.text).length : MAX_ESCAPED_CHARACTER
  }
  return length
}
