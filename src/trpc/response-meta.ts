/**
 * Tells caches between the server and its users how long they may hold a response.
 *
 * @module
 */

import type { ProcedureCall } from './call.ts'
import type { HttpSeconds } from './resolve-options.ts'

/** What tRPC gives to `responseMeta`: the parts that are used. */
export interface ResponseMetaInput {
  readonly type: string
  readonly errors: readonly unknown[]
  /** Whether the answers are still to come, as in a streamed response. */
  readonly eagerGeneration?: boolean
  readonly info?: { readonly calls: readonly { getRawInput(): Promise<unknown> }[] } | undefined
}

/** What `responseMeta` returns; nothing where a response is not to be held. */
export interface ResponseMetaOutput {
  readonly headers?: Record<string, string>
}

/** Remembers which calls were answered with something public. */
export class HttpNotes {
  // A call is known here by this function: tRPC gives the same to the middleware and to responseMeta.
  readonly #answered = new WeakMap<object, HttpSeconds>()

  note({ getRawInput }: ProcedureCall<unknown>, http: HttpSeconds | undefined): void {
    if (getRawInput && http) this.#answered.set(getRawInput, http)
  }

  /**
   * `Cache-Control` for a response whose every call is public and says for how long; the shortest of
   * each lifetime. Nothing for any other: errors, mutations, streams, an answer that is one user's.
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
