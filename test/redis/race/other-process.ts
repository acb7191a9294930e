/**
 * The other process of a race: a cache of its own, which executes the orders of the test.
 *
 * @module
 */

import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { Platform } from '../../../src/platform/platform.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import type {
  CrowdOrder,
  CrowdResult,
  GetOrder,
  Order,
  ReadOrder,
  Report,
  Way,
} from './protocol.ts'
import { transportOf } from './way.ts'

const way = JSON.parse(process.argv[2] ?? '') as Way
const clockOffsetMs = Number(process.argv[3])
const real = webPlatform()
const platform: Platform = { ...real, now: () => real.now() + clockOffsetMs }
const cache = new RedisCacheManager({ redis: transportOf(way), platform, deadline: '10s' })
const releases = new Map<number, (() => void)[]>()

function report(message: Report): void {
  process.send?.(message)
}

async function obey(order: ReadOrder | CrowdOrder | GetOrder): Promise<unknown> {
  if (order.kind === 'get') return cache.get(order.key)
  if (order.kind === 'crowd') return crowd(order)
  return read(order, () => load(order))
}

function read(
  { key, tags, hardTimeout }: ReadOrder | CrowdOrder,
  loader: () => Promise<string>,
): Promise<string> {
  return cache.getOrSet(key, loader, {
    tags,
    ...(hardTimeout !== undefined && { loaderTimeout: { hard: hardTimeout } }),
  })
}

async function load({ id, value, held }: ReadOrder | CrowdOrder): Promise<string> {
  const released = Promise.withResolvers<void>()
  releases.set(id, [...(releases.get(id) ?? []), released.resolve])
  report({ kind: 'loading', id })
  if (held) await released.promise
  return value
}

async function crowd(order: CrowdOrder): Promise<CrowdResult> {
  const startedAt = performance.now()
  const sent = cache.redis.counts.requests
  let isOver = false
  let loads = 0
  const loader = async (): Promise<string> => {
    loads++
    const value = await load(order)
    await delay(order.loadMs ?? 0)
    if (order.fails) throw new Error('the loader of a crowd')
    return value
  }
  const reads = Array.from({ length: order.callers }, () => read(order, loader))
  const ended = Promise.allSettled(reads).finally(() => {
    isOver = true
  })
  // After three requests (look, refused lease, second look) a read waits for the load of another process.
  while (!isOver && loads === 0 && cache.redis.counts.requests < sent + 3) await delay(2)
  report({ kind: 'begun', id: order.id })
  const results = await ended
  const values = new Map<string, number>()
  const reasons: unknown[] = []
  for (const result of results) {
    if (result.status === 'rejected') reasons.push(result.reason)
    else values.set(result.value, (values.get(result.value) ?? 0) + 1)
  }
  return {
    values: [...values],
    rejected: reasons.length,
    errors: new Set(reasons).size,
    slowestMs: performance.now() - startedAt,
  }
}

process.on('message', (order: Order) => {
  const { id } = order
  if (order.kind === 'release') {
    for (const release of releases.get(id) ?? []) release()
    return
  }
  obey(order).then(
    (value) => report({ kind: 'done', id, value }),
    (error: unknown) => report({ kind: 'done', id, error: String(error) }),
  )
})
// Without the parent process there is nothing to do.
process.on('disconnect', () => process.exit(0))

await cache.redis.request({ path: [], body: ['PING'] })
report({ kind: 'ready' })
