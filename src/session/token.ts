/**
 * Tokens, which give a client access to its session.
 *
 * ```
 * v1 . <key id> . <home> <selector> <tag> <secret>
 * ```
 *
 * The home stands for the user without revealing the user's id. The selector names the session, and contains
 * the time of its creation. The tag proves that this library made both, so that a guessed token causes no
 * request to Redis. The secret opens the session: Redis holds only its SHA-256. The length of every part is a
 * multiple of four characters of base64url, so that no two texts stand for the same token.
 *
 * @module
 */

import { BASE64URL, encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { isSameText } from '../entry/same-text.ts'
import { sha256 } from '../entry/sha256.ts'
import { HOME_CHARS, type NameKey, type NameRing, SECRET_CHARS, TAG_CHARS } from './name-ring.ts'

/** 6 bytes of time and 18 random bytes. */
const SELECTOR_CHARS = 32
const TIME_BYTES = 6
const TIME_CHARS = 8
const RANDOM_BYTES = 18
/** Epoch milliseconds in base 36 have this length until the year 5188. */
const TIME_DIGITS = 9

const TOKEN = new RegExp(
  `^v1\\.([A-Za-z0-9_-]{1,16})\\.([A-Za-z0-9_-]{${HOME_CHARS + SELECTOR_CHARS + TAG_CHARS + SECRET_CHARS}})$`,
)
const MAX_TOKEN_CHARS = 128

/** The form of a session's id. */
export const SESSION_ID: RegExp = /^[0-9a-z]{9}[A-Za-z0-9_-]{22}$/

/** When the session with this id was created, in epoch milliseconds. */
export function createdAtOf(id: string): number {
  return Number.parseInt(id.slice(0, TIME_DIGITS), 36)
}

/** A token made by this library, with its parts. */
export interface Token {
  readonly text: string
  readonly key: NameKey
  readonly home: string
  /** The session's id: its creation time in base 36, and its name. */
  readonly id: string
  readonly secret: string
  readonly secretHash: string
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/** The result of reading a text as a token. */
export type ReadToken =
  | { readonly kind: 'token'; readonly token: Token }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unknown key'; readonly keyId: string }

const MALFORMED: ReadToken = Object.freeze({ kind: 'malformed' })

/**
 * A new token, with 144 random bits in the selector and 264 in the secret.
 *
 * @param home From {@link NameKey.homeOf}, or a random one.
 * @param now Epoch milliseconds.
 */
export function mintToken(key: NameKey, home: string, now: number): Token {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))
  const selector = toBase64Url(Uint8Array.from([...timeBytes(now), ...random]))
  return assemble(key, home, selector, randomText((SECRET_CHARS / 4) * 3))
}

/** The token of the same session with another secret. */
export function withSecret(token: Token, secret: string): Token {
  const start = token.text.slice(0, -SECRET_CHARS)
  return { ...token, text: `${start}${secret}`, secret, secretHash: hashSecret(secret) }
}

/** A random home, for a session without a user. */
export function randomHome(): string {
  return randomText((HOME_CHARS / 4) * 3)
}

/** Reads a token. Makes no request. A text is malformed unless this library made its home, selector and tag. */
export function readToken(text: unknown, ring: NameRing): ReadToken {
  if (typeof text !== 'string' || text.length > MAX_TOKEN_CHARS) return MALFORMED
  const [, keyId, body] = TOKEN.exec(text) ?? []
  if (keyId === undefined || body === undefined) return MALFORMED
  const key = ring.byId(keyId)
  if (key === undefined) return { kind: 'unknown key', keyId }

  const home = body.slice(0, HOME_CHARS)
  const selector = body.slice(HOME_CHARS, HOME_CHARS + SELECTOR_CHARS)
  const tag = body.slice(HOME_CHARS + SELECTOR_CHARS, -SECRET_CHARS)
  const names = key.namesOf(home, selector)
  if (!isSameText(tag, names.tag)) return MALFORMED
  const secret = body.slice(-SECRET_CHARS)
  const createdAt = timeOf(selector)
  const id = idOf(createdAt, names.name)
  return {
    kind: 'token',
    token: { text, key, home, id, secret, secretHash: hashSecret(secret), createdAt },
  }
}

function assemble(key: NameKey, home: string, selector: string, secret: string): Token {
  const { name, tag } = key.namesOf(home, selector)
  const createdAt = timeOf(selector)
  return {
    text: `v1.${key.id}.${home}${selector}${tag}${secret}`,
    key,
    home,
    id: idOf(createdAt, name),
    secret,
    secretHash: hashSecret(secret),
    createdAt,
  }
}

function hashSecret(secret: string): string {
  return toBase64Url(sha256(encodeUtf8(secret)))
}

function idOf(createdAt: number, name: string): string {
  return `${createdAt.toString(36).padStart(TIME_DIGITS, '0')}${name}`
}

function randomText(bytes: number): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)))
}

function timeBytes(now: number): readonly number[] {
  const bytes: number[] = []
  for (let rest = Math.max(0, Math.floor(now)); bytes.length < TIME_BYTES; rest /= 256) {
    bytes.unshift(Math.floor(rest) % 256)
  }
  return bytes
}

function timeOf(selector: string): number {
  let time = 0
  for (let i = 0; i < TIME_CHARS; i++) time = time * 64 + BASE64URL.indexOf(selector.charAt(i))
  return time
}
