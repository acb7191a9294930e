/**
 * What counting costs: near and remote hits with metrics, and remote hits with hot keys, compared with hits
 * without.
 *
 * @module
 */

import { RedisCacheManager } from 'nearcache'
import { HotKeys, Metrics, RedisFigures } from 'nearcache/monitor'
import { tcpTransport } from 'nearcache/redis/tcp'
import { startRedisServer } from '../test/support/redis-server.ts'
import { compare, type Report, ratioOf, repeat, type Subject } from './measure.ts'
import { recordOf } from './record.ts'

/** Many short rounds: other load affects subjects of one round alike, and the medians are of many samples. */
const ROUNDS = 101
const KEYS: readonly string[] = Array.from({ length: 1_024 }, (_, i) => `user:${i}`)
const TAGS = ['org:1', 'team:2']
const NEAR = { on: 'near hit, counted', off: 'near hit' }
const REMOTE = {
  on: 'remote hit, counted',
  off: 'remote hit',
  // HotKeys has room for half of the keys, so the costs of making room are included.
  hotKeys: 'remote hit, its key counted',
}
const AT_ONCE = 16

/** Starts counting the operations of a cache. */
type Counting = (cache: RedisCacheManager) => unknown

const metrics: Counting = (cache) => new Metrics({ cache, sinks: [new RedisFigures({ cache })] })
const hotKeys: Counting = (cache) => new HotKeys({ cache })

/** Runs the benchmark. */
export async function benchMonitor(): Promise<Report> {
  const server = await startRedisServer()
  const opened: { close(): Promise<void> }[] = []
  const open = async (near: boolean, count?: Counting): Promise<RedisCacheManager> => {
    const cache = new RedisCacheManager({
      redis: tcpTransport({ url: server.url }),
      prefix: `${near}${opened.length}`,
      deadline: '10s',
      ...(near && { near: { ttl: '1h' } }),
    })
    opened.push(cache)
    count?.(cache)
    const load = new Map(KEYS.map((key, i) => [key, recordOf(i)]))
    await cache.getOrSetMany(KEYS, () => load, { tags: TAGS, ttl: '1d' })
    return cache
  }
  try {
    const near = [await reading(NEAR.off, open(true)), await reading(NEAR.on, open(true, metrics))]
    const remote = [
      await reading(REMOTE.off, open(false)),
      await reading(REMOTE.on, open(false, metrics)),
      await reading(REMOTE.hotKeys, open(false, hotKeys)),
    ]
    const nearFound = await compare({
      subjects: near,
      concurrency: 1,
      count: 100_000,
      rounds: ROUNDS,
      ratios: [[NEAR.on, NEAR.off]],
    })
    const remoteFound = await compare({
      subjects: remote,
      concurrency: AT_ONCE,
      count: 3_000,
      rounds: ROUNDS,
      ratios: [
        [REMOTE.on, REMOTE.off],
        [REMOTE.hotKeys, REMOTE.off],
      ],
    })
    return {
      title: 'Metrics',
      rounds: ROUNDS,
      ratios: [...nearFound.ratios, ...remoteFound.ratios],
      figures: [...nearFound.figures, ...remoteFound.figures],
      counts: {},
      targets: [
        {
          what: 'near hit with metrics: CPU, of one without',
          measured: ratioOf(nearFound, NEAR.on, NEAR.off, 1).clientCpu,
          bound: { atMost: 1.05 },
        },
        {
          what: 'remote hit with metrics, 16 at once: CPU, of one without',
          measured: ratioOf(remoteFound, REMOTE.on, REMOTE.off, AT_ONCE).clientCpu,
          bound: { atMost: 1.02 },
        },
        {
          what: 'remote hit with hot keys, 16 at once: CPU, of one without',
          measured: ratioOf(remoteFound, REMOTE.hotKeys, REMOTE.off, AT_ONCE).clientCpu,
          bound: { atMost: 1.02 },
        },
      ],
    }
  } finally {
    for (const cache of opened) await cache.close()
    await server.stop()
  }
}

async function reading(name: string, opening: Promise<RedisCacheManager>): Promise<Subject> {
  const cache = await opening
  let next = 0
  return {
    name,
    run: (count, concurrency) =>
      repeat(count, concurrency, () =>
        cache.getOrSet(KEYS[next++ % KEYS.length] ?? '', never, { tags: TAGS }),
      ),
  }
}

async function never(): Promise<never> {
  throw new Error('Every read is a hit')
}
