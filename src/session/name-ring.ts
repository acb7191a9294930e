/**
 * The keys that names in Redis are made with: whoever reads Redis learns no user and no token.
 *
 * @module
 */

import { type Bytes, encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { type EncryptionKey, readKeyRing } from '../entry/key-ring.ts'
import { expandSha256, hkdfSha256, hmacSha256 } from '../entry/sha256.ts'
import { InvalidOptionError } from '../errors.ts'

/** 120 bits: no second preimage, and no two users alike before 2^60 of them. */
export const HOME_CHARS = 20
/** 132 bits. */
export const NAME_CHARS = 22
/** 48 bits: what a stranger has to guess before Redis is asked at all. */
export const TAG_CHARS = 8
/** 264 bits. */
export const SECRET_CHARS = 44

const SECRET_BYTES = 33
/** Where the tag begins in the digest's text, beyond the name. */
const TAG_AT = 24

/** What a key makes of a selector. */
export interface SelectorNames {
  /** The session's name in Redis, {@link NAME_CHARS} characters. */
  readonly name: string
  /** What a token must carry to be one of ours, {@link TAG_CHARS} characters. */
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

  /** Where everything of a user is kept: the hash tag of all the user's keys. */
  homeOf(userId: string): string {
    return this.#digest(`home\0${userId}`).slice(0, HOME_CHARS)
  }

  /** The name of an entry that is kept on behalf of others, {@link NAME_CHARS} characters. */
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

  /** The secret that follows another: whoever knows that one, the nonce and this key has the same. */
  successorOf(id: string, secret: string, nonce: string): string {
    const info = encodeUtf8(`${id}\0${secret}\0${nonce}`)
    return toBase64Url(expandSha256(this.#successors, info, SECRET_BYTES))
  }
}

/**
 * The ring. The primary key names what is new; all of them find what is there. A key may go when the
 * longest session it has named is over: what it has named is then out of reach.
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
