import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Transport } from '../../../src/redis/requester.ts'
import { tcpTransport } from '../../../src/redis/tcp/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import {
  type EndpointRequest,
  type RestEndpoint,
  startRestEndpoint,
} from '../../support/rest-endpoint.ts'
import { describeWithRedis } from '../../support/with-redis.ts'
import type { Way } from './protocol.ts'
import { runSoak } from './soak.ts'
import { CALLS } from './soak-plan.ts'

const DURATION_MS = amount(10_000, 120_000)
const LIMIT_MS = DURATION_MS + 60_000

// I1, I2
describeWithRedis('Several processes with clocks and caches of their own, on one Redis,', () => {
  let server: RedisServer
  let source: RedisServer
  let behind: Transport
  let endpoint: RestEndpoint

  beforeAll(async () => {
    server = await startRedisServer()
    source = await startRedisServer()
    behind = tcpTransport({ url: server.url })
    endpoint = await startRestEndpoint({ requester: behind })
  })
  afterAll(async () => {
    await endpoint.stop()
    await behind.close()
    await server.stop()
    await source.stop()
  })

  const wayOf = (kind: Way['kind']): Way => {
    const { url, token } = endpoint
    return kind === 'tcp' ? { kind, url: server.url } : { kind, url, token }
  }

  test.for(['tcp', 'rest'] as const)(
    'over %s, never read a version below the floor, whatever data is lost or process is killed',
    { timeout: LIMIT_MS },
    async (kind, { task }) => {
      const way = wayOf(kind)
      const soak = await runSoak({
        way,
        source: source.url,
        behind,
        durationMs: DURATION_MS,
        // The endpoint records every request, which takes too much memory within minutes.
        everyTurn: () => (endpoint.requests as EndpointRequest[]).splice(0),
      })

      found(task, `processes over ${kind}`, {
        processes: soak.processes,
        'killed and started anew': soak.kills,
        'losses in Redis': soak.losses,
        'reads checked': soak.reads,
        'of them hits': soak.hits,
        'near hits': soak.nearHits,
        writes: Object.values(soak.calls).reduce((sum, count) => sum + count, 0),
        'stale reads': soak.violated,
      })
      expect(soak.violations).toEqual([])
      // A cache that serves nothing and a writer that writes nothing would keep every promise.
      expect(soak.hits).toBeGreaterThan(soak.reads / 10)
      expect(soak.nearHits).toBeGreaterThan(0)
      expect(soak.kills).toBeGreaterThan(0)
      expect(Object.keys(soak.calls).toSorted()).toEqual(CALLS.toSorted())
    },
  )

  test.for(['drops DEL', 'naive'] as const)(
    'read stale versions, which the check finds, when their cache is broken: %s',
    { timeout: LIMIT_MS },
    async (mutant, { task }) => {
      const way = wayOf('tcp')
      const soak = await runSoak({
        way,
        source: source.url,
        behind,
        durationMs: 1_500,
        harm: false,
        mutant,
      })

      found(task, `processes with a broken cache (${mutant})`, {
        'reads checked': soak.reads,
        'stale reads': soak.violated,
      })
      expect(soak.violated).toBeGreaterThan(0)
    },
  )
})
