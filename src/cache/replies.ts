/**
 * Checks that a reply is of the kind that its command has: a reply that makes no sense is a failure of
 * the remote tier, never an entry that is absent or a call that took effect.
 *
 * @module
 */

import { RemoteError } from '../errors.ts'
import type { Reply } from '../redis/requester.ts'

/** What a key holds. A reply of another kind says nothing of it, not even that it is empty. */
export function text(reply: Reply): string | null {
  if (typeof reply !== 'string' && reply !== null) throw malformed('GET')
  return reply
}

/** A text that is no lease is held by nobody, and would be waited for in vain. */
export function leaseIn(found: string | null): string | null {
  return found !== null && /^[\w-]+-\d+$/.test(found) ? found : null
}

/** Whether a script did what it was for: 1 or 0. */
export function yes(reply: Reply): boolean {
  if (reply !== 1 && reply !== 0) throw malformed()
  return reply === 1
}

/** A list of this length. */
export function list(reply: Reply, length: number, operation?: string): readonly Reply[] {
  if (!Array.isArray(reply) || reply.length !== length) throw malformed(operation)
  return reply
}

/** What a reply of another kind is told as. */
export function malformed(operation = 'EVALSHA'): RemoteError {
  return new RemoteError({ operation, reason: 'malformed reply', applied: 'unknown' })
}
