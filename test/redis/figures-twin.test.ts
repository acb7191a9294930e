import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { Command, Transport } from '../../src/redis/requester.ts'
import { ADD_FIGURES } from '../../src/redis/scripts/figures.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { amount } from '../support/deep.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

test('the script of figures is named by the SHA-1 of its text', () => {
  expect(createHash('sha1').update(ADD_FIGURES.lua).digest('hex')).toBe(ADD_FIGURES.sha1)
})

describeWithRedis('the script of figures', () => {
  let server: RedisServer
  let redis: Transport

  beforeAll(async () => {
    server = await startRedisServer()
    redis = tcpTransport({ url: server.url })
    await redis.request({ path: [], body: ['SCRIPT', 'LOAD', ADD_FIGURES.lua] })
  })
  afterAll(async () => {
    await redis.close()
    await server.stop()
  })

  test('has the same effect on Redis and as a twin, with repeated requests', async () => {
    const call = fc.record({
      source: fc.constantFrom('source:a', 'source:b'),
      sequence: fc.integer({ min: 1, max: 4 }),
      keys: fc.subarray(['m', 'h', 't'], { minLength: 1 }),
      life: fc.constantFrom(0, 1_000_000),
      counts: fc.array(fc.tuple(fc.constantFrom('x|h', 'x|g|3', 'y|u'), fc.nat(1_000)), {
        minLength: 1,
        maxLength: 4,
      }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 8 }), async (calls) => {
        const twin = embeddedTransport()
        await redis.request({ path: [], body: ['FLUSHALL'] })
        for (const { source, sequence, keys, life, counts } of calls) {
          const lives = keys.map(() => life)
          const command: Command = [
            'EVALSHA',
            ADD_FIGURES.sha1,
            keys.length,
            ...keys,
            source,
            sequence,
            ...lives,
            ...counts.flat(),
          ]
          const both = [redis, twin].map((side) => side.request({ path: [], body: command }))
          const [theirs, ours] = await Promise.all(both)
          expect(ours).toEqual(theirs)
          for (const key of ['m', 'h', 't']) {
            expect(await dump(twin, key)).toEqual(await dump(redis, key))
          }
        }
      }),
      { numRuns: amount(40, 1_000) },
    )
  })
})

/** The sorted fields of a hash, and its rounded time to live. */
async function dump(side: Transport, key: string): Promise<unknown> {
  const { result = [] } = await side.request<string[]>({ path: [], body: ['HGETALL', key] })
  const { result: life } = await side.request<number>({ path: [], body: ['PTTL', key] })
  const pairs = Array.from({ length: result.length / 2 }, (_, i) => result.slice(2 * i, 2 * i + 2))
  return [pairs.map(String).toSorted(), Math.round(Number(life) / 100_000)]
}
