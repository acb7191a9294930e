/**
 * Counts the requests that reach Redis, below every layer that could hide one.
 *
 * @module
 */

import type { RedisRequest, RedisResponse, Requester, Transport } from '../redis/requester.ts'
import { commandsOf, wrapTransport } from './wrap.ts'

/** A transport that counts. */
export interface CountingTransport extends Transport {
  /** Requests and commands since the start, or since the last {@link reset}. */
  readonly counts: { readonly requests: number; readonly commands: number }
  /** Names of the commands since then, in upper case; scripts as `EVALSHA`. */
  readonly names: readonly string[]
  reset(): void
}

/** Passes everything on to `inner`. */
export function countingTransport(inner: Requester | Transport): CountingTransport {
  let requests = 0
  let names: string[] = []

  function request<Result>(sent: RedisRequest): Promise<RedisResponse<Result>> {
    requests++
    names.push(...commandsOf(sent).map(([name]) => String(name).toUpperCase()))
    return inner.request<Result>(sent)
  }

  return wrapTransport(inner, request, {
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
  })
}
