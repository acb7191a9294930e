/**
 * Checks the addresses that figures and alerts are posted to.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'

/**
 * Checks an address at construction. `fetch` refuses a user name and password in it on Node, and drops them
 * on Workers, so no post would ever arrive.
 *
 * @throws {InvalidOptionError} When it is no http or https URL, or holds a user name or password.
 */
export function requirePostAddress(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new InvalidOptionError('url', 'an http:// or https:// address')
  }
  if (url.username || url.password) {
    throw new InvalidOptionError('url', 'free of user name and password: headers can hold them')
  }
}
