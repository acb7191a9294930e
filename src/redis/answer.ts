/**
 * Checks that an answer has the shape that its request requires, before other code relies on it.
 *
 * @module
 */

import type { RemoteError } from '../errors.ts'
import { answerError, isBatch, operationOf, replyError } from './failure.ts'
import type { RedisRequest, RedisResponse, Reply } from './requester.ts'

/**
 * Returns the answer if it has the shape that the request requires: as many answers as commands
 * for `pipeline`, one `{ error }` or as many answers as commands for `multi-exec`, one answer otherwise.
 *
 * @throws {RemoteError} `malformed reply`, if it has another shape.
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
  // For a batch this is a list, as with every Requester; the type of `request` cannot express that.
  return answer as RedisResponse<Result>
}

function isResponse(answer: unknown): answer is RedisResponse<unknown> {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return false
  const { result, error } = answer as RedisResponse<unknown>
  return typeof error === 'string' || (error === undefined && result !== undefined)
}

/** The error for a reply of a kind that the command never returns. */
export function malformed(operation = 'EVALSHA'): RemoteError {
  return answerError(operation, 'malformed reply')
}

/** The reply to one command. @throws {RemoteError} When the answer is an error reply. */
export function replyIn({ error, result }: RedisResponse<Reply>, operation: string): Reply {
  if (error !== undefined) throw replyError(operation, error)
  return result ?? null
}

/** The text value of a key. A reply of another kind is an error: it does not even say that the key is empty. */
export function text(reply: Reply | undefined, operation = 'GET'): string | null {
  if (typeof reply !== 'string' && reply !== null) throw malformed(operation)
  return reply
}

/** A list of this length. @throws {RemoteError} When the reply is anything else. */
export function list(
  reply: Reply | undefined,
  length: number,
  operation?: string,
): readonly Reply[] {
  if (!Array.isArray(reply) || reply.length !== length) throw malformed(operation)
  return reply
}

/** The reply of a script that returns 1 for success and 0 for no effect. */
export function yes(reply: Reply): boolean {
  if (reply !== 1 && reply !== 0) throw malformed()
  return reply === 1
}

/** Pairs such as members and scores as one flat list. With RESP 3, each pair is a list of two. */
export function inTurn(reply: Reply): Reply {
  const isPaired =
    Array.isArray(reply) && reply.every((pair) => Array.isArray(pair) && pair.length === 2)
  return isPaired ? (reply as readonly (readonly Reply[])[]).flat() : reply
}
