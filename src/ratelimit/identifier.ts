/**
 * Computes the name of a request's count in Redis. The name is a hash and reveals nothing (I6).
 *
 * @module
 */

import { type Bytes, encodeUtf8, isLongerThan, toBase64Url } from '../entry/bytes.ts'
import { hmacSha256, sha256 } from '../entry/sha256.ts'
import { InvalidKeyError } from '../errors.ts'
import { addressGroup } from '../web/address.ts'
import type { Partition } from './policy.ts'

/** The properties of a request by which it can be limited. */
export interface RequestFacts {
  /**
   * The client's address, from a source that the client cannot forge: a header set by the platform, or
   * the socket. Requests without a valid address share one count.
   */
  readonly address?: string | undefined
  /**
   * The account of the request: a user id, or the name that a log-in was tried with. Upper and lower
   * case, and compatible forms of a character, count as the same. At most 1,024 bytes.
   */
  readonly account?: string | undefined
}

const MAX_ACCOUNT_BYTES = 1_024
/** 128 bits are enough, because a collision would only merge two counts. */
const NAME_BYTES = 16

/** Derives a key only for names, so that the secret can also be used for other purposes. */
export function nameKeyOf(secret: Bytes): Uint8Array {
  return hmacSha256(secret)(encodeUtf8('nearcache/v1/rate-limit'))
}

/**
 * The name of the count.
 *
 * @param key Without a key, the name is a plain hash, which anyone who can read Redis can guess.
 * @throws {InvalidKeyError} When the partition needs an account that is absent, or it is too long.
 */
export function identifierOf(
  by: Partition,
  facts: RequestFacts,
  key: Uint8Array | undefined,
): string {
  const text = encodeUtf8([by, ...partsOf(by, facts)].join('\0'))
  const digest = key ? hmacSha256(key)(text) : sha256(text)
  return toBase64Url(digest.subarray(0, NAME_BYTES))
}

function partsOf(by: Partition, facts: RequestFacts): readonly string[] {
  switch (by) {
    case 'all':
      return []
    case 'address':
      return [addressOf(facts)]
    case 'account':
      return [accountOf(facts)]
    case 'pair':
      return [addressOf(facts), accountOf(facts)]
    case 'client':
      return facts.account === undefined
        ? ['address', addressOf(facts)]
        : ['account', accountOf(facts)]
  }
}

function addressOf({ address }: RequestFacts): string {
  return (address === undefined ? undefined : addressGroup(address)) ?? 'unknown'
}

function accountOf({ account }: RequestFacts): string {
  // Programs in JavaScript pass what a client has sent.
  if (typeof account !== 'string') throw new InvalidKeyError('a limit by account needs an account')
  if (isLongerThan(account, MAX_ACCOUNT_BYTES)) {
    throw new InvalidKeyError(`an account is longer than ${MAX_ACCOUNT_BYTES} bytes`)
  }
  return account.normalize('NFKC').trim().toLowerCase()
}
