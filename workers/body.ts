/**
 * Reads the body of a request.
 *
 * @module
 */

import type { Context } from 'hono'
import { en } from 'zod/locales'
import * as z from 'zod/mini'
import { ProblemError } from './problem.ts'

// The messages for invalid fields: zod/mini has none of its own.
z.config(en())

/** @throws {ProblemError} 400, when the body is not JSON. */
export async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json()
  } catch (error) {
    // The parser's message quotes the body, so it is replaced. Other errors, as for a long body, are for the app.
    if (!(error instanceof SyntaxError)) throw error
    throw new ProblemError({ status: 400, title: 'Malformed JSON' })
  }
}

/** @throws {ProblemError} 400 that names the first invalid field. */
export async function readBody<T>(c: Context, schema: z.ZodMiniType<T>): Promise<T> {
  const body = schema.safeParse(await readJson(c))
  if (body.success) return body.data
  const [issue] = body.error.issues
  const field = issue?.path.join('.') || 'body'
  throw new ProblemError({ status: 400, title: 'Invalid field', detail: issue?.message, field })
}
