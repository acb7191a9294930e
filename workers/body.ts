/**
 * Reads the body of a request.
 *
 * @module
 */

import type { Context } from 'hono'
import { en } from 'zod/locales'
import * as z from 'zod/mini'
import { ProblemError } from './problem.ts'

// What clients are told of a field that is wrong; of itself, the small zod has no words.
z.config(en())

/** @throws {ProblemError} 400, when the body is not JSON. */
export async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json()
  } catch (error) {
    // What the parser says quotes the body; a body that is too long is for the app to answer.
    if (!(error instanceof SyntaxError)) throw error
    throw new ProblemError({ status: 400, title: 'Malformed JSON' })
  }
}

/** @throws {ProblemError} 400 naming the first field at fault. */
export async function readBody<T>(c: Context, schema: z.ZodMiniType<T>): Promise<T> {
  const body = schema.safeParse(await readJson(c))
  if (body.success) return body.data
  const [issue] = body.error.issues
  const field = issue?.path.join('.') || 'body'
  throw new ProblemError({ status: 400, title: 'Invalid field', detail: issue?.message, field })
}
