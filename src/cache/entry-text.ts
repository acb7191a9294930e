/**
 * Builds the text of an entry from a value, and reads the value back.
 *
 * @module
 */

import type { CipherContext } from '../entry/cipher.ts'
import { jitter } from '../entry/duration.ts'
import { type Lifetimes, lifetimesOf } from '../entry/freshness.ts'
import {
  type EntryHeader,
  formatEntry,
  formatHeader,
  type ParsedEntry,
  type Stamps,
} from '../entry/header.ts'
import { randomId } from '../entry/id.ts'
import type { EncodedValue } from '../entry/payload.ts'
import { proceed } from '../entry/proceed.ts'
import type { CacheContext } from './context.ts'
import type { Policy } from './options.ts'

/** An entry that is ready to be sent. */
export interface EntryText {
  readonly header: EntryHeader
  readonly entry: string
  readonly writeId: string
  /** How long Redis keeps it, in milliseconds. */
  readonly lifeMs: number
}

/** An encoded value; a promise if the host can compress only asynchronously. */
export type Encoded = EncodedValue | Promise<EncodedValue>

/** What an entry is built from, besides the policy. */
export interface EntryParts {
  readonly encoded: Encoded
  readonly stamps: Stamps
  readonly loadMs: number
}

/**
 * The first half of building an entry. It needs nothing from Redis, so a value that cannot be stored is refused
 * before anything is sent.
 *
 * @throws {InvalidValueError} When the value has no encoding, or is too large.
 */
export function encode(ctx: CacheContext, { compression }: Policy, value: unknown): Encoded {
  return ctx.codec.encode(value, compression)
}

/**
 * The second half: sets the lifetimes, counted from now, adds the stamps, and encrypts the payload if the cache
 * has a cipher. A promise only if compression or encryption is asynchronous.
 */
export function compose(
  ctx: CacheContext,
  key: string,
  policy: Policy,
  { encoded: pending, stamps, loadMs }: EntryParts,
): EntryText | Promise<EntryText> {
  return proceed(pending, (encoded) => {
    const { lifetimes, lifeMs } = datedNow(ctx, policy)
    const writeId = randomId()
    const header = { ...lifetimes, writeId, loadMs, encoding: encoded.encoding, stamps }
    return proceed(sealEntry(ctx, key, header, encoded), (entry) => ({
      header,
      entry,
      writeId,
      lifeMs,
    }))
  })
}

/** The lifetimes of an entry that is created now, and how long Redis keeps it, in milliseconds. */
export function datedNow(
  { platform }: CacheContext,
  { ttlMs, jitter: ratio, staleWhileRevalidateMs, staleIfErrorMs }: Policy,
): { readonly lifetimes: Lifetimes; readonly lifeMs: number } {
  const now = platform.now()
  const lifetimes = lifetimesOf({
    now,
    ttlMs: Math.max(1, jitter(ttlMs, ratio, platform.random())),
    staleWhileRevalidateMs,
    staleIfErrorMs,
  })
  return { lifetimes, lifeMs: Math.ceil(lifetimes.staleUntil - now) }
}

/** The text of an entry with this header; a promise if the payload is encrypted. */
export function sealEntry(
  ctx: CacheContext,
  key: string,
  header: EntryHeader,
  encoded: EncodedValue,
): string | Promise<string> {
  const place = (): CipherContext => placeOf(ctx, key, header, formatHeader(header))
  return proceed(ctx.codec.seal(encoded, place), (sealed) => formatEntry(header, sealed))
}

/** The value of an entry; a promise if decryption or decompression is asynchronous. */
export function openEntry(
  ctx: CacheContext,
  key: string,
  { header, payload, headerText }: ParsedEntry,
): unknown {
  return ctx.codec.decode(header.encoding, payload, () => placeOf(ctx, key, header, headerText))
}

/** What an encrypted payload is bound to. */
function placeOf(
  { names }: CacheContext,
  key: string,
  { createdAt }: EntryHeader,
  header: string,
): CipherContext {
  return { purpose: 'cache', namespace: names.keyspace.path, key, header, createdAt }
}
