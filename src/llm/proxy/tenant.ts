/**
 * Finds the tenant of a request.
 *
 * @module
 */

import { digest } from '../canonical.ts'

const CREDENTIALS = ['authorization', 'x-api-key', 'api-key'] as const
/** The tenant of requests without a credential. No hash is so short. */
const ANYBODY = 'anybody'

/** The tenant of a request: a hash of its credential, which reveals nothing of it. */
export function defaultTenant({ headers }: Request): string {
  const sent = CREDENTIALS.map((name) => headers.get(name) ?? '')
  if (sent.every((credential) => credential === '')) return ANYBODY
  return digest(
    `tenant\n${sent.map((credential) => `${credential.length}:${credential}`).join('')}`,
  )
}
