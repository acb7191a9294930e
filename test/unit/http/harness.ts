/**
 * An HTTP cache in front of a scripted handler, on a manual clock.
 *
 * @module
 */

import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { cacheHandler, type HttpCacheOptions } from '../../../src/http/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

export const URL_A = 'https://site.example/a'

/** The handler: returns the response to a request, which has the number `call`, from 1. */
export type Script = (request: Request, call: number) => Response | Promise<Response>

/** A cached handler and its parts. */
export interface Site {
  readonly platform: ManualPlatform
  readonly engine: EmbeddedRedis
  readonly namespace: CacheNamespace
  /** The requests that reached the handler. */
  readonly requests: Request[]
  /** Sends a request after the previous one is done, and waits for deferred work. */
  get(url?: string, init?: RequestInit): Promise<Response>
  /** Sends a request without waiting for deferred work. */
  ask(url?: string, init?: RequestInit): Promise<Response>
}

/** Makes a site. The cache has the same clock. */
export function site(
  script: Script,
  options: Partial<HttpCacheOptions> = {},
  cacheOptions: Partial<CacheOptions> = {},
): Site {
  const platform = new ManualPlatform()
  const engine = new EmbeddedRedis({ platform })
  const redis = cacheOptions.redis ?? embeddedTransport({ engine })
  const cache = new RedisCacheManager({ platform, ...cacheOptions, redis })
  const namespace = cache.namespace('http') as CacheNamespace
  const requests: Request[] = []
  const handler = (request: Request): Response | Promise<Response> => {
    requests.push(request)
    return script(request, requests.length)
  }
  const handle = cacheHandler(handler, { cache: namespace, platform, ...options })
  const ask = (url = URL_A, init?: RequestInit): Promise<Response> => handle(new Request(url, init))
  let before: Promise<unknown> = Promise.resolve()
  const get = (url?: string, init?: RequestInit): Promise<Response> => {
    const response = before.then(() => ask(url, init))
    const done = response.finally(() => platform.settle())
    before = done.catch(() => undefined)
    return done
  }
  return { platform, engine, namespace, requests, get, ask }
}

/** A response with the given headers. */
export function reply(body: string, fields: Record<string, string> = {}, status = 200): Response {
  return new Response(body, { status, headers: fields })
}

/** A handler that answers with the number of the call. */
export function counting(fields: Record<string, string> = {}, status = 200): Script {
  return (_request, call) => reply(`call ${call}`, fields, status)
}

/** The bodies of several responses, in order. */
export async function bodies(...answers: readonly Promise<Response>[]): Promise<string[]> {
  const texts: string[] = []
  for (const answer of answers) texts.push(await (await answer).text())
  return texts
}
