/**
 * Counts what reaches a Redis, below everything that could hide a request.
 *
 * @module
 */

import type { Requester } from '../../src/redis/requester.ts'

/** A way to Redis that counts. */
export interface CountingRequester extends Requester {
  /** Requests and commands since the start, or since the last {@link reset}. */
  readonly counts: { readonly requests: number; readonly commands: number }
  /** Names of the commands since then, scripts as `EVALSHA`. */
  readonly names: readonly string[]
  reset(): void
}

/** Passes everything on to `inner`. */
export function countingRequester(inner: Requester): CountingRequester {
  let requests = 0
  let names: string[] = []
  return {
    get counts() {
      return { requests, commands: names.length }
    },
    get names() {
      return names
    },
    reset() {
      requests = 0
      names = []
    },
    request(request) {
      const body = request.body as [string] | [string][]
      requests++
      names.push(
        ...(request.path?.length ? (body as [string][]) : [body as [string]]).map(([n]) => n),
      )
      return inner.request(request)
    },
  }
}
