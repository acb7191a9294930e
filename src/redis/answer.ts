/**
 * Checks that what came back is an answer to what was asked, before anybody relies on its shape.
 *
 * @module
 */

import { answerError, operationOf } from './failure.ts'
import type { RedisRequest, RedisResponse } from './requester.ts'

/**
 * Returns the answer when it has the shape that the request calls for: as many answers as commands
 * for a `pipeline`, one `{ error }` or as many answers for `multi-exec`, one answer otherwise.
 *
 * @throws {RemoteError} `malformed reply`, when it has not.
 */
export function checkAnswer<Result>(request: RedisRequest, answer: unknown): RedisResponse<Result> {
  const { path, body } = request
  const kind = path?.[0]
  const isBatch = kind === 'pipeline' || kind === 'multi-exec'
  const sent = Array.isArray(body) ? body.length : 0
  const fits =
    isBatch && Array.isArray(answer)
      ? answer.length === sent && answer.every(isResponse)
      : kind !== 'pipeline' && isResponse(answer) && (!isBatch || answer.error !== undefined)
  if (!fits) throw answerError(operationOf(request), 'malformed reply')
  // For a batch this is a list, as with every Requester; the type has no word for it.
  return answer as RedisResponse<Result>
}

function isResponse(answer: unknown): answer is RedisResponse<unknown> {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return false
  const { result, error } = answer as RedisResponse<unknown>
  return typeof error === 'string' || (error === undefined && result !== undefined)
}
