/**
 * Turns what is known of a request into the name its count is kept under, in which nothing can be
 * read (I6).
 *
 * @module
 */

import { type Bytes, encodeUtf8, isLongerThan, toBase64Url } from '../entry/bytes.ts'
import { hmacSha256, sha256 } from '../entry/sha256.ts'
import { InvalidKeyError } from '../errors.ts'
import { addressGroup } from '../web/address.ts'
import type { Partition } from './policy.ts'

/** What is known of the request that asks. */
export interface RequestFacts {
  /**
   * Where it comes from, from a source the client cannot write: a header set by the platform, or the
   * socket. Requests without a readable address share one count.
   */
  readonly address?: string | undefined
  /**
   * Whom it acts for, or tries to: a user id, or the name a log-in was tried with. Upper and lower
   * case, and compatible forms of a character, count as the same. At most 1,024 bytes.
   */
  readonly account?: string | undefined
}

const MAX_ACCOUNT_BYTES = 1_024
/** 128 bits: a collision would join two counts, and nothing worse. */
const NAME_BYTES = 16

/** What names are made with: a key for this purpose alone, so that the secret may have others. */
export function nameKeyOf(secret: Bytes): Uint8Array {
  return hmacSha256(secret)(encodeUtf8('nearcache/v1/rate-limit'))
}

/**
 * The name of the count.
 *
 * @param key Without one the name is a plain hash, which whoever can read Redis may guess.
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
  if (account === undefined) throw new InvalidKeyError('a limit by account needs an account')
  if (isLongerThan(account, MAX_ACCOUNT_BYTES)) {
    throw new InvalidKeyError(`an account is longer than ${MAX_ACCOUNT_BYTES} bytes`)
  }
  return account.normalize('NFKC').trim().toLowerCase()
}
