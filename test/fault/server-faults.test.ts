import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { type RestEndpoint, startRestEndpoint } from '../support/rest-endpoint.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { COOLDOWN_MS } from './faults.ts'
import { OPERATIONS } from './operations.ts'
import { type Control, SERVER_FAULTS, type ServerFault, type Way } from './server-faults.ts'
import { type Place, tryOut, wrongsOf } from './trial.ts'

const TIMES = amount(1, 4)

describeWithRedis('Before a redis-server, all operations at once under', () => {
  let server: RedisServer
  let admin: Transport
  let around: Transport
  let behind: Transport
  let endpoint: RestEndpoint
  let unhandled = 0
  const countUnhandled = (): void => {
    unhandled++
  }

  beforeAll(async () => {
    process.on('unhandledRejection', countUnhandled)
    server = await startRedisServer()
    admin = tcpTransport({ url: server.url })
    around = tcpTransport({ url: server.url })
    behind = tcpTransport({ url: server.url })
    endpoint = await startRestEndpoint({ requester: behind, token: 'SENTINEL-token' })
  })
  afterAll(async () => {
    await endpoint.stop()
    await Promise.all([admin, around, behind].map((transport) => transport.close()))
    await server.stop()
    process.off('unhandledRejection', countUnhandled)
  })

  const send: Control['send'] = async (...body) => {
    const { result, error } = await admin.request<never>({ path: [], body })
    if (error !== undefined) throw new Error(error)
    return result ?? null
  }

  describe.each<Way>(['tcp', 'rest'])('over %s,', (way) => {
    const totals = { tried: 0, overdue: 0 }

    test.each(repeated(SERVER_FAULTS))('$name', { timeout: 60_000 }, async (fault) => {
      const namespaces = OPERATIONS.map((_, i) => `${way}${i}`)
      const control: Control = { server, send, namespaces }
      const struck = new Meeting(OPERATIONS.length, () => fault.strike(control))
      const lifted = new Meeting(OPERATIONS.length, async () => {
        await fault.lift(control)
        // The connection without faults may have been lost too.
        await expect.poll(() => ping(around), { timeout: 5_000 }).toBe(true)
      })
      await expect
        .poll(() => send('FLUSHALL').catch(() => undefined), { timeout: 5_000 })
        .toBe('OK')
      const wrongs: string[] = []
      const endings: Record<string, string> = {}
      const expected: Record<string, string> = {}

      await Promise.all(
        OPERATIONS.map(async (operation, i) => {
          const { name } = operation
          const place: Place = {
            namespace: namespaces[i] ?? '',
            connect: (platform) =>
              way === 'tcp'
                ? tcpTransport({ url: server.url })
                : restTransport({ url: endpoint.url, token: endpoint.token, platform }),
            around,
            strike: () => struck.arrive(),
            lift: () => lifted.arrive(),
          }
          const result = await tryOut(place, operation, {
            loads: fault.loads(operation, way),
            deadlineMs: fault.deadlineMs ?? 5_000,
            pauseMs: COOLDOWN_MS,
            graceMs: fault.graceMs ?? 0,
            losesData: fault.losesData ?? false,
          })
          totals.tried++
          if (result.overdue) totals.overdue++
          endings[name] = result.ending
          expected[name] = fault.ending(operation, way) ?? result.ending
          wrongs.push(...result.wrongs.map((wrong) => `${name}: ${wrong}`))
        }),
      )

      expect(endings).toEqual(expected)
      expect(wrongs).toEqual([])
    })

    test('a reply that is longer than the server is allowed to send', {
      timeout: 60_000,
    }, async () => {
      const redis =
        way === 'tcp'
          ? tcpTransport({ url: server.url })
          : restTransport({ url: endpoint.url, token: endpoint.token })
      const cache = new RedisCacheManager({ redis, compression: false, deadline: '5s' })
      await send('FLUSHALL')
      await cache.set('k', 'x'.repeat(300_000))
      await send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 20000 0 0')

      const { outcome } = await cache.lookup('k')
      expect(outcome).toMatchObject({ kind: 'miss', reason: 'unavailable' })
      expect(wrongsOf('error' in outcome ? outcome.error : undefined)).toEqual([])
      expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded')

      await send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 0 0 0')
      await expect
        .poll(async () => (await cache.get('k'))?.toString().length, { timeout: 5_000 })
        .toBeGreaterThan(0)
      await redis.close()
    })

    test('all of these: nothing past its deadline, nothing unhandled', ({ task }) => {
      found(task, `faults on a real server over ${way}`, {
        tried: totals.tried,
        'operations past deadline': totals.overdue,
        'unhandled rejections': unhandled,
      })

      expect(totals).toEqual({
        tried: TIMES * SERVER_FAULTS.length * OPERATIONS.length,
        overdue: 0,
      })
      expect(unhandled).toBe(0)
    })
  })
})

async function ping(transport: Transport): Promise<boolean> {
  try {
    return (await transport.request({ path: [], body: ['PING'] })).result === 'PONG'
  } catch {
    return false // not connected yet
  }
}

function repeated(faults: readonly ServerFault[]): ServerFault[] {
  return Array.from({ length: TIMES }, () => faults).flat()
}

/** A barrier: all wait for the last one, which then does the work for all. */
class Meeting {
  #missing: number
  readonly #act: () => Promise<void>
  readonly #done = Promise.withResolvers<void>()

  constructor(size: number, act: () => Promise<void>) {
    this.#missing = size
    this.#act = act
  }

  arrive(): Promise<void> {
    this.#missing--
    if (this.#missing === 0) this.#act().then(this.#done.resolve, this.#done.reject)
    return this.#done.promise
  }
}
