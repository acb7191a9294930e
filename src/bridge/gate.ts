/**
 * Decides by the token of a request which database it may use, and whether only for reads.
 *
 * @module
 */

import { isSameText } from '../entry/same-text.ts'
import { Problem } from './problem.ts'

/** What a token permits. */
export interface Access<Database> {
  readonly database: Database
  /** Whether commands that change something, or list keys, are refused. */
  readonly isReadOnly: boolean
}

interface Key<Database> extends Access<Database> {
  readonly token: string
}

/** Knows the tokens of all databases. */
export class Gate<Database> {
  readonly #keys: readonly Key<Database>[]

  constructor(keys: readonly Key<Database>[]) {
    this.#keys = keys
  }

  /**
   * Finds the access of the bearer token; without a bearer token, that of the token in the query.
   *
   * Every token is compared in full, so that the response time reveals only the lengths of tokens.
   *
   * @throws {Problem} 401, if the token is missing or wrong.
   */
  admit(authorization: string | undefined, queryToken: string | undefined): Access<Database> {
    const given = bearerOf(authorization) ?? queryToken ?? ''
    let found: Access<Database> | undefined
    for (const key of this.#keys) {
      if (isSameText(given, key.token)) found = key
    }
    if (!found) throw new Problem(401, 'WRONGPASS invalid or missing auth token')
    return found
  }
}

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  // The name of a scheme is case-insensitive (RFC 9110, section 11.1).
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ''
}
