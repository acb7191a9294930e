/**
 * Sets up the guarded connection to Redis, and the hashing and encryption of what is stored, for caches and for
 * other features with the same options.
 *
 * @module
 */

import { Cipher, type EncryptionKey } from '../entry/cipher.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { readSecret } from '../entry/key-ring.ts'
import { checkFields, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { BreakerOptions } from '../flight/breaker.ts'
import type { Platform } from '../platform/platform.ts'
import { type GuardedRequester, guard } from '../redis/guard.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import type { Script } from '../redis/scripts/script.ts'

/** Options of the guard, as the user gave them. */
export interface WireOptions {
  readonly redis: Requester | Transport
  readonly deadline?: Duration | undefined
  readonly retries?: number | undefined
  readonly breaker?: Pick<BreakerOptions, 'threshold' | 'cooldownMs'> | undefined
}

/**
 * Adds deadline, retries and breaker to the connection to Redis.
 *
 * @param hear Called at each change of the circuit. @default none
 * @throws {InvalidOptionError} When an option is not valid.
 */
export function guardedBy(
  { redis, deadline = '500ms', retries = 2, breaker = {} }: WireOptions,
  platform: Platform,
  hear?: NonNullable<BreakerOptions['onChange']>,
): GuardedRequester {
  if (typeof redis?.request !== 'function') {
    throw new InvalidOptionError('redis', 'a transport, or a Requester with a request method')
  }
  checkFields(breaker, 'breaker', ['threshold', 'cooldownMs'])
  return guard(redis, {
    platform,
    deadlineMs: toMilliseconds(deadline, 'deadline', { min: 1 }),
    retries: wholeNumber(retries, 'retries', 0, 10),
    breaker: hear ? { ...breaker, onChange: hear } : breaker,
  })
}

/**
 * As {@link guardedBy}, but uses a connection that is already guarded as it is: with two guards, retries would
 * multiply.
 *
 * @param scripts Scripts that may be sent again, besides those of the cache.
 */
export function guardedOnce(
  options: WireOptions,
  platform: Platform,
  scripts: readonly Script[],
): GuardedRequester {
  const guarded = isGuarded(options.redis) ? options.redis : guardedBy(options, platform)
  guarded.allowRepeat(scripts)
  return guarded
}

function isGuarded(redis: unknown): redis is GuardedRequester {
  return typeof redis === 'object' && redis !== null && 'allowRepeat' in redis
}

/** Options that hide names and values, as the user gave them. */
export interface SecrecyOptions {
  readonly hashKeys?: { readonly secret: string } | undefined
  readonly encryption?: { readonly keys: readonly EncryptionKey[] } | undefined
}

/**
 * The secret for names, and the cipher for values.
 *
 * @throws {InvalidOptionError} When an option is not valid, or `encryption` is given without `hashKeys`.
 */
export function secrecyOf({ hashKeys, encryption }: SecrecyOptions): {
  readonly hashSecret: Uint8Array | undefined
  readonly cipher: Cipher | undefined
} {
  if (hashKeys !== undefined) checkFields(hashKeys, 'hashKeys', ['secret'])
  if (encryption !== undefined) checkFields(encryption, 'encryption', ['keys'])
  if (encryption && !hashKeys) {
    throw new InvalidOptionError('hashKeys', 'given with encryption, or names would be readable')
  }
  return {
    hashSecret: hashKeys && readSecret(hashKeys.secret, 'hashKeys.secret'),
    cipher: encryption && new Cipher(encryption.keys),
  }
}
