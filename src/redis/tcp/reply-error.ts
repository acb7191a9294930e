/**
 * Error replies of Redis in the form in which ioredis throws them.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'
import { firstWord } from '../failure.ts'

const NAME = 'ReplyError'

/** Makes an error reply that Redis would send. */
export function asReplyError(text: string): Error {
  return Object.assign(new Error(text), { name: NAME })
}

/** Whether the error is a reply of Redis. Checked by name, as there may be two copies of the class. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === NAME
}

/** The error for a cluster in which some slot has no node. */
export function unservedSlot(): Error {
  return asReplyError('CLUSTERDOWN Hash slot not served')
}

const OF_REPLICAS = wordsIn('MASTERDOWN READONLY')

/** Whether a replica sent the reply: to a write, or to any command while it may not serve without its primary. */
export function isOfReplica({ message }: Error): boolean {
  return OF_REPLICAS.has(firstWord(message))
}

const SENT_AROUND = /^Too many Cluster redirections\. Last error: ReplyError: (ASK|MOVED|TRYAGAIN) /

/**
 * Replaces the error of ioredis after too many redirections. While a slot moves, its keys are on two nodes, and
 * neither serves a command on several of them. ioredis asks the two in turn until it gives up. No node has
 * then applied the command, and `TRYAGAIN` is the reply of Redis for this case.
 */
export function withoutRedirections(error: unknown): unknown {
  if (!(error instanceof Error && SENT_AROUND.test(error.message))) return error
  return asReplyError('TRYAGAIN Multiple keys request during rehashing of slot')
}
