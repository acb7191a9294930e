/**
 * A local dashboard on a cache whose clock and Redis are controlled by the test.
 *
 * @module
 */

import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { RedisCacheManager } from 'nearcache'
import { dashboard } from 'nearcache/dashboard'
import { CacheMonitor, HotKeys, Metrics, RedisFigures } from 'nearcache/monitor'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { ManualPlatform } from 'nearcache/testing'
import { Warming } from 'nearcache/warming'
import { openSite } from '../sites.ts'

/** Used as key, tag, value and namespace: it would do harm if it was inserted as markup. */
export const EVIL = `"><img src=x onerror="document.title='taken'"><script>1</script>`
export const TOKEN = 'token-of-the-browser-test'

/** The dashboard and the controls of a test. */
export interface Bench {
  readonly origin: string
  readonly platform: ManualPlatform
  readonly cache: RedisCacheManager
  readonly monitor: CacheMonitor
  readonly hotKeys: HotKeys
  /** While it is `true`, Redis does not answer. */
  isAway: boolean
  readonly runs: string[]
  /** Makes hits, and misses that load for 40 ms each, and sends the figures to Redis. */
  traffic(hits: number, misses: number): Promise<void>
  close(): void
}

export async function startBench(): Promise<Bench> {
  const platform = new ManualPlatform()
  const engine = embeddedTransport({ platform })
  const runs: string[] = []
  const state = { isAway: false }
  const redis: typeof engine = {
    ...engine,
    request: (request) =>
      state.isAway
        ? Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
        : engine.request(request),
  }
  const cache = new RedisCacheManager({ redis, platform, retries: 0, breaker: { threshold: 500 } })
  const figures = new RedisFigures({ cache })
  const metrics = new Metrics({ cache, sinks: [figures], platform })
  const hotKeys = new HotKeys({ cache, platform })
  const monitor = new CacheMonitor({ cache, figures, platform, memoryLimitBytes: 2_000_000 })
  const warming = new Warming({ cache, platform })
  for (const [id, name, priority] of [
    ['mail', 'Mailbox', 80],
    ['answers', 'Answers of models', 60],
  ] as const) {
    const handler = (): number => {
      runs.push(id)
      return 42
    }
    warming.register({ id, name, priority, schedule: '0 */6 * * *', handler })
  }
  const app = new Hono()
  const parts = { cache, monitor, hotKeys, warming, platform }
  const options = {
    ...({ authenticate: TOKEN, values: 'shown', refresh: '1s', version: 'v42' } as const),
    pricePer100k: 0.2,
  }
  app.route('/dashboard', dashboard({ ...parts, ...options, mode: 'operate' }))
  app.route('/read-only', dashboard({ ...parts, ...options }))
  const server = createServer(getRequestListener(app.fetch))
  const port = await openSite(server)
  return {
    origin: `http://127.0.0.1:${port}`,
    platform,
    cache,
    monitor,
    hotKeys,
    runs,
    get isAway() {
      return state.isAway
    },
    set isAway(isAway) {
      state.isAway = isAway
    },
    traffic: async (hits, misses) => {
      const mail = cache.namespace('mail')
      await mail.set('greeting', { text: 'hello' }, { ttl: '1d', tags: ['all', EVIL] })
      for (let i = 0; i < hits; i++) await mail.get('greeting')
      for (let i = 0; i < misses; i++) {
        const key = `${platform.now()}.${i}`
        await mail.getOrSet(key, () => {
          platform.jump(40)
          return i
        })
      }
      await metrics.flush()
    },
    close: () => server.close(),
  }
}
