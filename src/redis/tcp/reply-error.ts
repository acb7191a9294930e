/**
 * The error replies of Redis, as ioredis throws them.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'
import { firstWord } from '../failure.ts'

const NAME = 'ReplyError'

/** What Redis would answer, where nobody has asked it. */
export function asReplyError(text: string): Error {
  return Object.assign(new Error(text), { name: NAME })
}

/** Whether Redis said it, rather than ioredis. Told by name, as there may be two copies of the class. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === NAME
}

/** Of a cluster in which some slot has no node. */
export function unservedSlot(): Error {
  return asReplyError('CLUSTERDOWN Hash slot not served')
}

const OF_REPLICAS = wordsIn('MASTERDOWN READONLY')

/** Whether a replica said it: of a write, or of anything while it has no primary and may not serve what it has. */
export function isOfReplica({ message }: Error): boolean {
  return OF_REPLICAS.has(firstWord(message))
}

const SENT_AROUND = /^Too many Cluster redirections\. Last error: ReplyError: (ASK|MOVED|TRYAGAIN) /

/**
 * The error to go by. A slot that moves has some keys on either node, and neither serves a command on
 * several of them. ioredis asks one after the other, and says in the end that it has: by then no node
 * has done anything, for which Redis has a word.
 */
export function withoutRedirections(error: unknown): unknown {
  if (!(error instanceof Error && SENT_AROUND.test(error.message))) return error
  return asReplyError('TRYAGAIN Multiple keys request during rehashing of slot')
}
