/**
 * The Worker in which bench/edge.ts measures remote hits: with nearcache, with the bare client, and with
 * `fetch` alone.
 *
 * @module
 */

import { Redis } from '@upstash/redis/cloudflare'
import { RedisCacheManager, restTransport } from 'nearcache'
import { repeat } from './measure.ts'
import { recordOf } from './record.ts'

/** URL and token of the bridge. */
interface Env {
  readonly URL: string
  readonly TOKEN: string
}

const KEYS: readonly string[] = Array.from({ length: 256 }, (_, i) => `user:${i}`)
const TAGS = ['org:1', 'team:2']
/** Long, so that a pause of the machine does not turn hits into loads. */
const DEADLINE_MS = 10_000

/** The ways to read, by path. */
function waysOf({
  URL: url,
  TOKEN: token,
}: Env): Record<string, (key: string) => Promise<unknown>> {
  const cache = new RedisCacheManager({
    redis: restTransport({ url, token }),
    deadline: DEADLINE_MS,
  })
  const options = { url, token, enableTelemetry: false }
  const raw = new Redis(options)
  // With a deadline, as nearcache has: by default the client waits without limit.
  const bounded = new Redis({ ...options, signal: () => AbortSignal.timeout(DEADLINE_MS) })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return {
    '/ours': (key) =>
      cache.getOrSet(key, async () => recordOf(KEYS.indexOf(key)), { tags: TAGS, ttl: '1d' }),
    '/upstash': (key) => raw.get(key),
    '/upstash-bounded': (key) => bounded.get(key),
    '/fill': (key) => raw.set(key, recordOf(KEYS.indexOf(key))),
    '/fetch': async (key) => {
      const body = JSON.stringify(['GET', key])
      const response = await fetch(url, { method: 'POST', headers, body })
      return JSON.parse(((await response.json()) as { readonly result: string }).result)
    },
  }
}

let ways: ReturnType<typeof waysOf> | undefined

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    ways ??= waysOf(env)
    const { pathname, searchParams } = new URL(request.url)
    const read = ways[pathname]
    if (read === undefined) return new Response(undefined, { status: 404 })
    let next = 0
    await repeat(
      Number(searchParams.get('count')),
      Number(searchParams.get('at-once')),
      async () => {
        const value = await read(KEYS[next++ % KEYS.length] ?? '')
        if (value === null || value === undefined) throw new Error('there is nothing')
      },
    )
    return new Response()
  },
}
