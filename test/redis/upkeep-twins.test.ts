import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command } from '../../src/redis/requester.ts'
import {
  DROP_ENDLESS,
  DROP_ENTRY,
  DROP_IDLE,
  MOVE_IN,
  UPKEEP_SCRIPTS,
} from '../../src/redis/scripts/upkeep.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { expectSameStories } from '../support/twin-stories.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const TEXTS = ['"value"', '"another"', 'Grüezi, 日本']
const ENTRIES = ['N1;aaaaaaaaaaaaaaaa;1', 'N1;bbbbbbbbbbbbbbbb;2', 'x']

test('the scripts of upkeep are named by the SHA-1 of their texts', () => {
  expect(UPKEEP_SCRIPTS.map(({ sha1 }) => sha1)).toEqual(UPKEEP_SCRIPTS.map(({ lua }) => hash(lua)))
})

describeWithRedis('the scripts of upkeep', () => {
  const suite = suiteRedis(UPKEEP_SCRIPTS)

  test('have the same effect on Redis and as twins, in any order', async ({ task }) => {
    const text = fc.constantFrom(...TEXTS)
    const entry = fc.constantFrom(...ENTRIES)
    const step = fc.oneof(
      fc.record({ text, entry, keep: fc.constantFrom(0, 1) }).map((one): Command => {
        const keys = [4, 'source', 'entry', 'lease', 'tally']
        return ['EVALSHA', MOVE_IN.sha1, ...keys, hash(one.text), one.entry, 9_000_000, one.keep]
      }),
      entry.map((one): Command => ['EVALSHA', DROP_ENTRY.sha1, 1, 'entry', one.slice(0, 20)]),
      // No number of seconds that may pass during a run.
      fc.constantFrom(0, 3_600).map((s): Command => ['EVALSHA', DROP_IDLE.sha1, 1, 'entry', s]),
      fc.constant<Command>(['EVALSHA', DROP_ENDLESS.sha1, 1, 'lease']),
      text.map((one): Command => ['SET', 'source', one]),
      fc.constant<Command>(['SET', 'entry', 'of another']),
      fc.constantFrom<Command>(['SET', 'lease', 'a-1'], ['SET', 'lease', 'a-1', 'PX', 9_000_000]),
      fc.constantFrom<Command>(['DEL', 'entry'], ['DEL', 'lease'], ['DEL', 'source']),
      fc.constantFrom<Command>(['GET', 'entry'], ['EXISTS', 'source'], ['HGETALL', 'tally']),
      fc.constant<Command>(['EXISTS', 'lease']),
    )
    const steps = await expectSameStories({
      redis: suite.redis,
      step,
      sideOn: (transport) => ({ run: (body: Command) => transport.request({ path: [], body }) }),
      length: { minLength: 8, maxLength: 40 },
      numRuns: amount(60, 2_000),
    })

    found(task, 'upkeep as twins', { steps, differences: 0 })
  })
})

function hash(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
