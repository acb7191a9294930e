/**
 * Where figures and alerts are posted to.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'

/**
 * Checks an address before anything is to be told: a user name and password in it are refused by `fetch` on
 * Node and dropped by that of Workers, so that nothing would ever arrive.
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
