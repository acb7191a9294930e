/**
 * The keys with which names in Redis are hashed, so that a reader of Redis learns no user and no token.
 *
 * @module
 */

import { type Bytes, encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { type EncryptionKey, readKeyRing } from '../entry/key-ring.ts'
import { expandSha256, hkdfSha256, hmacSha256 } from '../entry/sha256.ts'
import { InvalidOptionError } from '../errors.ts'

/** 120 bits: no second preimage, and no two users with the same home before about 2^60 of them. */
export const HOME_CHARS = 20
/** 132 bits. */
export const NAME_CHARS = 22
/** 48 bits, which an attacker must guess before a token causes a request to Redis. */
export const TAG_CHARS = 8
/** 264 bits. */
export const SECRET_CHARS = 44

const SECRET_BYTES = 33
/** Where the tag begins in the digest's text, beyond the name. */
const TAG_AT = 24

/** The names that a key derives from a selector. */
export interface SelectorNames {
  /** The session's name in Redis, {@link NAME_CHARS} characters. */
  readonly name: string
  /** The tag that proves that this library made the token, {@link TAG_CHARS} characters. */
  readonly tag: string
}

/** One key of the ring, with what is derived from it (HKDF-SHA-256, RFC 5869). */
export class NameKey {
  declare readonly id: string
  readonly #digest: (text: string) => string
  readonly #successors: Bytes

  constructor(id: string, secret: Bytes, namespace: string) {
    this.id = id
    const derive = (use: string): Bytes =>
      // The secret is uniformly random, so the extraction needs no salt (RFC 5869, section 3.1).
      hkdfSha256(secret, encodeUtf8(`nearcache/v1/${use}|${namespace}`))
    const names = hmacSha256(derive('session-name'))
    this.#digest = (text) => toBase64Url(names(encodeUtf8(text)))
    this.#successors = derive('session-successor')
  }

  /** The user's home: the hash tag of all the user's keys. */
  homeOf(userId: string): string {
    return this.#digest(`home\0${userId}`).slice(0, HOME_CHARS)
  }

  /** The name of an entry in a `SealedStore`, {@link NAME_CHARS} characters. */
  nameOf(key: string): string {
    return this.#digest(`entry\0${key}`).slice(0, NAME_CHARS)
  }

  namesOf(home: string, selector: string): SelectorNames {
    const digest = this.#digest(`session\0${home}${selector}`)
    return {
      name: digest.slice(0, NAME_CHARS),
      tag: digest.slice(TAG_AT, TAG_AT + TAG_CHARS),
    }
  }

  /** The secret that follows another. It can be derived only from that secret, the nonce and this key. */
  successorOf(id: string, secret: string, nonce: string): string {
    const info = encodeUtf8(`${id}\0${secret}\0${nonce}`)
    return toBase64Url(expandSha256(this.#successors, info, SECRET_BYTES))
  }
}

/**
 * The ring of name keys. The primary key makes new names; all keys find existing ones. Remove a key only when
 * the longest session named with it has ended: after that, nothing named with it can be found.
 */
export class NameRing {
  declare readonly primary: NameKey
  /** The primary first. */
  declare readonly keys: readonly NameKey[]
  readonly #byId: ReadonlyMap<string, NameKey>

  /** @throws {InvalidOptionError} Naming `option`, when the keys do not form a ring. */
  constructor(keys: readonly EncryptionKey[], namespace: string, option: string) {
    const { primaryId, secrets } = readKeyRing(keys, option)
    const all = [...secrets].map(([id, secret]) => new NameKey(id, secret, namespace))
    const primary = all.find(({ id }) => id === primaryId)
    if (primary === undefined) throw new InvalidOptionError(option, 'a ring with a primary key')
    this.primary = primary
    this.keys = [primary, ...all.filter((key) => key !== primary)]
    this.#byId = new Map(all.map((key) => [key.id, key]))
  }

  byId(id: string): NameKey | undefined {
    return this.#byId.get(id)
  }
}
