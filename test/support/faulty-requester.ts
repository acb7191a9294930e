/**
 * A requester that fails, hangs and gives false answers as the test says.
 *
 * @module
 */

import type { RedisRequest, RedisResponse, Requester } from '../../src/redis/requester.ts'

/** What happens to a request. */
export type Fate =
  /** It arrives and is answered. */
  | { readonly kind: 'pass' }
  /** It does not arrive: the transport throws this. */
  | { readonly kind: 'fail'; readonly error: unknown }
  /** It arrives, and the reply is lost: the transport throws this. */
  | { readonly kind: 'lose-reply'; readonly error: unknown }
  /** Nothing is answered until the signal is aborted. */
  | { readonly kind: 'hang' }
  /** Something else answers. */
  | { readonly kind: 'answer'; readonly answer: unknown }

/** A requester whose `fate` the test may change at any time. */
export interface FaultyRequester extends Requester {
  /** Asked for each request. */
  fate: (request: RedisRequest) => Fate
  /** All requests, whatever became of them. */
  readonly requests: readonly RedisRequest[]
}

/** Passes every request until the test changes `fate`. */
export function faultyRequester(inner: Requester): FaultyRequester {
  const requests: RedisRequest[] = []
  const faulty: FaultyRequester = {
    fate: () => ({ kind: 'pass' }),
    requests,
    async request<Result>(request: RedisRequest): Promise<RedisResponse<Result>> {
      requests.push(request)
      const fate = faulty.fate(request)
      switch (fate.kind) {
        case 'pass':
          return inner.request(request)
        case 'fail':
          throw fate.error
        case 'lose-reply':
          await inner.request(request)
          throw fate.error
        case 'hang':
          return hangUntilAborted(request.signal)
        case 'answer':
          return fate.answer as RedisResponse<Result>
      }
    },
  }
  return faulty
}

function hangUntilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
