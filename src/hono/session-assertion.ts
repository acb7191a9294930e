/**
 * Tells an origin which user a request acts for, in a form that only the edge can create: a JSON Web Token
 * (RFC 7519) signed with HMAC-SHA-256, which can be verified in any language.
 *
 * @module
 */

import {
  type Bytes,
  decodeUtf8,
  encodeUtf8,
  fromBase64,
  fromUrlSafe,
  toBase64Url,
} from '../entry/bytes.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { type EncryptionKey, type KeyRing, readKeyRing } from '../entry/key-ring.ts'
import { checkFields } from '../entry/option-checks.ts'
import { isSameText } from '../entry/same-text.ts'
import { hmacSha256 } from '../entry/sha256.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'

/** Options for {@link SessionAssertions}. */
export interface SessionAssertionOptions {
  /** The keys, shared by edge and origin: one signs, all verify. */
  readonly keys: readonly EncryptionKey[]
  /** The intended recipient, such as `https://origin.example`. Other audiences reject the assertion. */
  readonly audience: string
  /** How long an assertion is valid; 1 s to 5 minutes. @default '30s' */
  readonly ttl?: Duration
  /** By how much the clocks of edge and origin may differ; 0 to 60 s. @default '5s' */
  readonly skew?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** The part of a session that an assertion contains. */
export interface AssertedSession {
  readonly id: string
  readonly userId: string
  readonly permissions: readonly string[] | undefined
  readonly epoch: string
  /** When Redis was asked, in epoch milliseconds. */
  readonly validatedAt: number
}

/** Distinguishes these tokens from all other kinds of JWT (RFC 8725, section 3.11). */
const TYPE = 'nearcache-session+jwt'
const MAX_CHARS = 8_192
const FORM = /^([A-Za-z0-9_-]{1,200})\.([A-Za-z0-9_-]{1,8000})\.([A-Za-z0-9_-]{43})$/

interface Claims {
  readonly aud: string
  readonly sub: string
  readonly sid: string
  readonly epoch: string
  readonly permissions?: readonly string[] | undefined
  /** Epoch milliseconds; the registered claims are in seconds. */
  readonly validated_at: number
  readonly iat: number
  readonly exp: number
}

/**
 * Signs at the edge and verifies at the origin.
 *
 * An assertion states that the edge admitted a request. The origin decides by the permissions whether the
 * request is allowed. Anyone who reads an assertion can reuse it while it is valid, so send it only over
 * TLS.
 *
 * @example
 * ```ts
 * const assertions = new SessionAssertions({ keys, audience: 'https://origin.example' })
 * const said = await assertions.verify(request.headers.get('x-nearcache-session'))
 * if (!said) return new Response(null, { status: 401 })
 * ```
 */
export class SessionAssertions {
  readonly #ring: KeyRing
  readonly #audience: string
  readonly #ttlMs: number
  readonly #skewMs: number
  readonly #platform: Platform

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: SessionAssertionOptions) {
    checkFields(options, 'options', ['keys', 'audience', 'ttl', 'skew', 'platform'])
    const { keys, audience, ttl = '30s', skew = '5s', platform = webPlatform() } = options
    if (typeof audience !== 'string' || !/^[\x21-\x7e]{1,256}$/.test(audience)) {
      throw new InvalidOptionError('audience', '1 to 256 characters of ASCII without spaces')
    }
    this.#ring = readKeyRing(keys, 'keys')
    this.#audience = audience
    this.#ttlMs = toMilliseconds(ttl, 'ttl', { min: 1_000, max: 300_000 })
    this.#skewMs = toMilliseconds(skew, 'skew', { max: 60_000 })
    this.#platform = platform
  }

  /**
   * Creates the assertion for a valid session.
   *
   * @throws {InvalidOptionError} When the session has so many permissions that {@link verify} would refuse it.
   */
  sign({ id, userId, permissions, epoch, validatedAt }: AssertedSession): string {
    const now = this.#platform.now()
    const claims: Claims = {
      aud: this.#audience,
      sub: userId,
      sid: id,
      epoch,
      permissions,
      validated_at: validatedAt,
      iat: Math.floor(now / 1_000),
      exp: Math.ceil((now + this.#ttlMs) / 1_000),
    }
    const kid = this.#ring.primaryId
    const signed = `${encode({ alg: 'HS256', typ: TYPE, kid })}.${encode(claims)}`
    const text = `${signed}.${signature(this.#secretOf(kid), signed)}`
    if (isReadable(text)) return text
    throw new InvalidOptionError('permissions', 'few enough for an assertion of 8,000 characters')
  }

  /**
   * The content of an assertion, if it is valid now and for this audience; otherwise `undefined`. Never
   * throws, whatever the text is.
   */
  verify(text: string | null | undefined): AssertedSession | undefined {
    if (typeof text !== 'string' || !isReadable(text)) return undefined
    const [, head = '', body = '', mac = ''] = FORM.exec(text) ?? []
    const header = decode(head)
    // The token must not choose the algorithm (RFC 8725, section 3.1).
    if (header?.['alg'] !== 'HS256' || header['typ'] !== TYPE) return undefined
    const { kid } = header
    const secret = typeof kid === 'string' ? this.#ring.secrets.get(kid) : undefined
    if (!secret || !isSameText(mac, signature(secret, `${head}.${body}`))) return undefined
    // The signature is valid, so the claims have the layout that `sign` writes.
    return this.#believe(decode(body) as Claims | undefined)
  }

  #believe(claims: Claims | undefined): AssertedSession | undefined {
    if (claims?.aud !== this.#audience) return undefined
    const now = this.#platform.now()
    if (now >= claims.exp * 1_000 + this.#skewMs) return undefined
    if (now < claims.iat * 1_000 - this.#skewMs) return undefined
    const { sub, sid, permissions, epoch, validated_at: validatedAt } = claims
    return { id: sid, userId: sub, permissions, epoch, validatedAt }
  }

  #secretOf(id: string): Bytes {
    return this.#ring.secrets.get(id) as Bytes
  }
}

function isReadable(text: string): boolean {
  return text.length <= MAX_CHARS && FORM.test(text)
}

function signature(secret: Bytes, text: string): string {
  return toBase64Url(hmacSha256(secret)(encodeUtf8(text)))
}

function encode(value: unknown): string {
  return toBase64Url(encodeUtf8(JSON.stringify(value)))
}

function decode(text: string): Record<string, unknown> | undefined {
  const bytes = fromBase64(fromUrlSafe(text))
  try {
    const value: unknown = bytes && JSON.parse(decodeUtf8(bytes))
    return typeof value === 'object' && value !== null ? (value as never) : undefined
  } catch {
    return undefined // it is not JSON, or not UTF-8
  }
}
