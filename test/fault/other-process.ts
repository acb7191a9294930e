/**
 * A separate process that uses a cache with a failing connection to Redis, chosen by its argument, closes
 * the cache and then has nothing left to do.
 *
 * @module
 */

import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'

const [way = '', url = ''] = process.argv.slice(2)
const redis = transport()
const cache = new RedisCacheManager({ redis, deadline: 200, staleWhileRevalidate: '1h' })

function transport(): Transport {
  const { hostname: host, port } = new URL(url)
  if (way === 'cluster') return tcpTransport({ cluster: { nodes: [{ host, port: Number(port) }] } })
  return way === 'tcp' ? tcpTransport({ url }) : restTransport({ url, token: 'token' })
}

// The node is only asked once it is connected; otherwise it would have nothing to answer.
if (way === 'cluster') await redis.request({ body: ['PING'] }).catch(() => undefined)

const failed = (): string => 'failed'
const answers = await Promise.all([
  cache.get('a'),
  cache.getOrSet('b', () => 'loaded'),
  cache.set('c', 1).catch(failed),
  cache.invalidateTags(['t']).catch(failed),
])
await cache.close()
// The IPC message tells the parent that the answers have arrived. The process must then exit by itself.
process.send?.(answers)
process.disconnect?.()
