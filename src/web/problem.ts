/**
 * Errors as HTTP clients get them: problem details of RFC 9457.
 *
 * @module
 */

/** A problem: the members of RFC 9457, section 3.1, and extensions of ours. */
export interface Problem {
  readonly status: number
  /** A URI that names the kind of problem. @default 'about:blank' */
  readonly type?: string | undefined
  /** The same for every occurrence of the same kind. */
  readonly title: string
  /** What this occurrence is about, where that helps the client; never a value it did not send. */
  readonly detail?: string | undefined
  /** A reason for programs: an error code of nearcache, or a word of the route's own. */
  readonly code?: string | undefined
  /** The field of the request that is at fault. */
  readonly field?: string | undefined
  /** Members that the type defines (RFC 9457, section 3.2). */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined
  /** Whole seconds after which another try may succeed; sent as `Retry-After`. */
  readonly retryAfter?: number | undefined
}

/** The response for a problem. */
export function problemResponse(
  { retryAfter, extensions, ...problem }: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const all = new Headers({ ...headers, 'content-type': 'application/problem+json' })
  if (retryAfter !== undefined) all.set('retry-after', String(retryAfter))
  return new Response(JSON.stringify({ type: 'about:blank', ...problem, ...extensions }), {
    status: problem.status,
    headers: all,
  })
}
