/**
 * Tells caches between the server and its users how long they may store a response.
 *
 * @module
 */

import type { ProcedureCall } from './call.ts'
import type { HttpSeconds } from './resolve-options.ts'

/** The argument of `responseMeta` from tRPC: the parts that are used. */
export interface ResponseMetaInput {
  readonly type: string
  readonly errors: readonly unknown[]
  /** Whether the answers are still to come, as in a streamed response. */
  readonly eagerGeneration?: boolean
  readonly info?: { readonly calls: readonly { getRawInput(): Promise<unknown> }[] } | undefined
}

/** The result of `responseMeta`; empty if a response must not be stored. */
export interface ResponseMetaOutput {
  readonly headers?: Record<string, string>
}

/** Remembers which calls were answered with a public answer. */
export class HttpNotes {
  // This function identifies a call: tRPC passes the same one to the middleware and to `responseMeta`.
  readonly #answered = new WeakMap<object, HttpSeconds>()

  note({ getRawInput }: ProcedureCall<unknown>, http: HttpSeconds | undefined): void {
    if (getRawInput && http) this.#answered.set(getRawInput, http)
  }

  /**
   * `Cache-Control` for a response whose calls are all public with HTTP lifetimes; each lifetime is the
   * shortest of them. Nothing for any other response: errors, mutations, streams, an answer of one user.
   */
  responseMeta({ type, errors, eagerGeneration, info }: ResponseMetaInput): ResponseMetaOutput {
    if (type !== 'query' || errors.length > 0 || eagerGeneration || !info) return {}
    const lifetimes = info.calls.map(({ getRawInput }) => this.#answered.get(getRawInput))
    if (lifetimes.length === 0 || !lifetimes.every((http) => http !== undefined)) return {}
    return { headers: { 'cache-control': directives(lifetimes) } }
  }
}

function directives(all: readonly HttpSeconds[]): string {
  const least = (name: keyof HttpSeconds): number => Math.min(...all.map((http) => http[name]))
  const stale = least('staleWhileRevalidate')
  return [
    'public',
    `max-age=${least('maxAge')}`,
    `s-maxage=${least('sharedMaxAge')}`,
    ...(stale > 0 ? [`stale-while-revalidate=${stale}`] : []),
  ].join(', ')
}
