/**
 * The other process of a race: a cache of its own, which does what the test orders.
 *
 * @module
 */

import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { GetOrder, Order, ReadOrder, Report, Way } from './protocol.ts'
import { transportOf } from './way.ts'

const way = JSON.parse(process.argv[2] ?? '') as Way
const cache = new RedisCacheManager({ redis: transportOf(way), deadline: '10s' })
const releases = new Map<number, () => void>()

function report(message: Report): void {
  process.send?.(message)
}

async function obey(order: ReadOrder | GetOrder): Promise<unknown> {
  if (order.kind === 'get') return cache.get(order.key)
  const { id, key, tags, value, held, hardTimeout } = order
  const loader = async (): Promise<string> => {
    const released = Promise.withResolvers<void>()
    releases.set(id, released.resolve)
    report({ kind: 'loading', id })
    if (held) await released.promise
    return value
  }
  return cache.getOrSet(key, loader, {
    tags,
    ...(hardTimeout !== undefined && { loaderTimeout: { hard: hardTimeout } }),
  })
}

process.on('message', (order: Order) => {
  const { id } = order
  if (order.kind === 'release') {
    releases.get(id)?.()
    return
  }
  obey(order).then(
    (value) => report({ kind: 'done', id, value }),
    (error: unknown) => report({ kind: 'done', id, error: String(error) }),
  )
})
// Without the one who orders there is nothing to do.
process.on('disconnect', () => process.exit(0))

await cache.redis.request({ path: [], body: ['PING'] })
report({ kind: 'ready' })
