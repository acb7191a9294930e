/**
 * The names of connections, users, rooms and channels in Redis: plain ASCII, of limited length, and different
 * for different texts.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { hmacSha256 } from '../entry/sha256.ts'
import { InvalidKeyError } from '../errors.ts'

/** The kinds of things that have names. */
export type NameKind = 'connection' | 'user' | 'room' | 'channel'

const MOST_CHARACTERS: Readonly<Record<NameKind, number>> = {
  connection: 128,
  user: 128,
  room: 200,
  channel: 200,
}
/** 132 bits: no second preimage, and no collision before 2^66 names. */
const HASH_CHARS = 22
const CONTROL = /\p{Cc}/u

/** Makes the names of one namespace. */
export class PresenceNames {
  /** Every key of the namespace begins with this. Its hash tag puts all of them into one hash slot. */
  declare readonly home: string
  readonly #hash: ReturnType<typeof hmacSha256> | undefined

  /** @param secret Replaces every name by its HMAC-SHA-256 with this secret. */
  constructor(prefix: string, namespace: string, secret: Uint8Array | undefined) {
    this.home = `${prefix}:{${namespace}}`
    this.#hash = secret && hmacSha256(secret)
  }

  /**
   * @throws {InvalidKeyError} When the text is not a string, empty, too long, not well-formed or has control
   * characters.
   */
  name(kind: NameKind, text: string): string {
    check(kind, text)
    if (this.#hash === undefined) return encodeURIComponent(text)
    const digest = this.#hash(encodeUtf8(`${kind}\0${text}`))
    return toBase64Url(digest).slice(0, HASH_CHARS)
  }

  /** The key of a channel's last event. */
  eventKey(channel: string): string {
    return `${this.home}:e:${this.name('channel', channel)}`
  }
}

function check(kind: NameKind, text: unknown): asserts text is string {
  const what = kind === 'room' || kind === 'channel' ? kind : `${kind} id`
  if (typeof text !== 'string') throw new InvalidKeyError(`${what} is not a string`)
  if (text === '') throw new InvalidKeyError(`${what} is empty`)
  const most = MOST_CHARACTERS[kind]
  if (text.length > most) throw new InvalidKeyError(`${what} is longer than ${most} characters`)
  if (!text.isWellFormed()) throw new InvalidKeyError(`${what} has a lone surrogate`)
  if (CONTROL.test(text)) throw new InvalidKeyError(`${what} has a control character`)
}
