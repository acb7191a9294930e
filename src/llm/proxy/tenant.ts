/**
 * Whose request it is.
 *
 * @module
 */

import { digest } from '../canonical.ts'

const CREDENTIALS = ['authorization', 'x-api-key', 'api-key'] as const
/** Who sends no credential. No hash is so short. */
const ANYBODY = 'anybody'

/** The tenant by the credential of a request: its hash, which tells nothing of it. */
export function defaultTenant({ headers }: Request): string {
  const sent = CREDENTIALS.map((name) => headers.get(name) ?? '')
  if (sent.every((credential) => credential === '')) return ANYBODY
  return digest(
    `tenant\n${sent.map((credential) => `${credential.length}:${credential}`).join('')}`,
  )
}
