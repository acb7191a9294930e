import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { Command, Transport } from '../../src/redis/requester.ts'
import { WARM_CLAIM, WARM_KEEP } from '../../src/redis/scripts/warming.ts'
import { amount } from '../support/deep.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const SCRIPTS = [WARM_CLAIM, WARM_KEEP]

test('the scripts of warming are named by the SHA-1 of their texts', () => {
  const hashes = SCRIPTS.map(({ lua }) => createHash('sha1').update(lua).digest('hex'))

  expect(hashes).toEqual(SCRIPTS.map(({ sha1 }) => sha1))
})

describeWithRedis('the scripts of warming', () => {
  const suite = suiteRedis(SCRIPTS)

  test('have the same effect on Redis and as twins, in any order and with leases that end', async () => {
    const token = fc.constantFrom('a', 'b')
    const keys = [2, '{job}', '{job}:lease']
    const command = fc.oneof(
      token.map((t): Command => ['EVALSHA', WARM_CLAIM.sha1, ...keys, t, 1_000_000]),
      fc
        .tuple(
          token,
          fc.constantFrom(0, 1_000_000),
          fc.array(fc.tuple(fc.constantFrom('slot', 'done'), fc.constantFrom('', '1', '2')), {
            maxLength: 3,
          }),
        )
        .map(
          ([t, life, fields]): Command => [
            'EVALSHA',
            WARM_KEEP.sha1,
            ...keys,
            t,
            life,
            ...fields.flat(),
          ],
        ),
      fc.constant<Command>(['DEL', '{job}:lease']),
      fc.constant<Command>(['DEL', '{job}']),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 12 }), async (commands) => {
        const twin = embeddedTransport()
        await suite.redis.request({ path: [], body: ['FLUSHALL'] })
        for (const body of commands) {
          const both = [suite.redis, twin].map((side) => side.request({ path: [], body }))
          const [theirs, ours] = await Promise.all(both)
          expect(sorted(ours)).toEqual(sorted(theirs))
          expect(await dump(twin)).toEqual(await dump(suite.redis))
        }
      }),
      { numRuns: amount(40, 1_000) },
    )
  })
})

/** Sorts the pairs of a hash, which have no order, and replaces the time. */
function sorted(response: unknown): unknown {
  const { result } = response as { result: unknown }
  if (!Array.isArray(result)) return result
  const [seconds, fields] = result as [string, string[]]
  return [/^\d{10}$/.test(seconds), pairs(fields)]
}

async function dump(side: Transport): Promise<unknown> {
  const { result = [] } = await side.request<string[]>({ path: [], body: ['HGETALL', '{job}'] })
  const { result: lease } = await side.request({ path: [], body: ['GET', '{job}:lease'] })
  const { result: life } = await side.request<number>({ path: [], body: ['PTTL', '{job}:lease'] })
  return [pairs(result), lease, Math.round(Number(life) / 100_000)]
}

function pairs(list: readonly unknown[]): readonly string[] {
  return Array.from({ length: list.length / 2 }, (_, i) =>
    String(list.slice(2 * i, 2 * i + 2)),
  ).toSorted()
}
