/**
 * Checks that a reply is of the kind that its command has: a reply that makes no sense is a failure of
 * the remote tier, never an entry that is absent or a call that took effect.
 *
 * @module
 */

import { malformed } from '../redis/answer.ts'
import type { Reply } from '../redis/requester.ts'

/** A text that is no lease is held by nobody, and would be waited for in vain. */
export function leaseIn(found: string | null): string | null {
  return found !== null && /^[\w-]+-\d+$/.test(found) ? found : null
}

/** Whether a script did what it was for: 1 or 0. */
export function yes(reply: Reply): boolean {
  if (reply !== 1 && reply !== 0) throw malformed()
  return reply === 1
}
