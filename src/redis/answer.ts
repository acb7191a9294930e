/**
 * Checks that what came back is an answer to what was asked, before anybody relies on its shape.
 *
 * @module
 */

import type { RemoteError } from '../errors.ts'
import { answerError, isBatch, operationOf, replyError } from './failure.ts'
import type { RedisRequest, RedisResponse, Reply } from './requester.ts'

/**
 * Returns the answer when it has the shape that the request calls for: as many answers as commands
 * for a `pipeline`, one `{ error }` or as many answers for `multi-exec`, one answer otherwise.
 *
 * @throws {RemoteError} `malformed reply`, when it has not.
 */
export function checkAnswer<Result>(request: RedisRequest, answer: unknown): RedisResponse<Result> {
  const { path, body } = request
  const kind = path?.[0]
  const isForMany = isBatch(kind)
  const sent = Array.isArray(body) ? body.length : 0
  const fits =
    isForMany && Array.isArray(answer)
      ? answer.length === sent && answer.every(isResponse)
      : kind !== 'pipeline' && isResponse(answer) && (!isForMany || answer.error !== undefined)
  if (!fits) throw malformed(operationOf(request))
  // For a batch this is a list, as with every Requester; the type has no word for it.
  return answer as RedisResponse<Result>
}

function isResponse(answer: unknown): answer is RedisResponse<unknown> {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return false
  const { result, error } = answer as RedisResponse<unknown>
  return typeof error === 'string' || (error === undefined && result !== undefined)
}

/** The error of a reply that is of another kind than the command's. */
export function malformed(operation = 'EVALSHA'): RemoteError {
  return answerError(operation, 'malformed reply')
}

/** The reply to one command. @throws {RemoteError} When it is the error of Redis. */
export function replyIn({ error, result }: RedisResponse<Reply>, operation: string): Reply {
  if (error !== undefined) throw replyError(operation, error)
  return result ?? null
}

/** What a key holds. A reply of another kind says nothing of it, not even that it is empty. */
export function text(reply: Reply | undefined, operation = 'GET'): string | null {
  if (typeof reply !== 'string' && reply !== null) throw malformed(operation)
  return reply
}

/** A list of this length. */
export function list(
  reply: Reply | undefined,
  length: number,
  operation?: string,
): readonly Reply[] {
  if (!Array.isArray(reply) || reply.length !== length) throw malformed(operation)
  return reply
}

/** Whether a script did what it was for: 1 or 0. */
export function yes(reply: Reply): boolean {
  if (reply !== 1 && reply !== 0) throw malformed()
  return reply === 1
}

/** Pairs one after the other, such as members and scores: over RESP 3 each comes as a list of two. */
export function inTurn(reply: Reply): Reply {
  const isPaired =
    Array.isArray(reply) && reply.every((pair) => Array.isArray(pair) && pair.length === 2)
  return isPaired ? (reply as readonly (readonly Reply[])[]).flat() : reply
}
