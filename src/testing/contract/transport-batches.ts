/**
 * Contract of pipelines and transactions.
 *
 * @module
 */

import type { Command } from '../../redis/requester.ts'
import { check, checkRejects, checkSame, textFrom } from './check.ts'
import type { Clause } from './contract-case.ts'
import { clause, type Wire } from './wire.ts'

/** The clauses. */
export const BATCHES: readonly Clause[] = [
  clause('a pipeline answers in order, and a failing command affects no other', async (wire) => {
    checkSame(
      await wire.pipeline(
        ['SET', 'k', 'v'],
        ['LPUSH', 'k', 'x'],
        ['GET', 'k'],
        ['NOSUCHCOMMAND'],
        ['DEL', 'k'],
      ),
      [
        { result: 'OK' },
        { error: textFrom('WRONGTYPE ') },
        { result: 'v' },
        { error: textFrom('ERR unknown command') },
        { result: 1 },
      ],
      'a pipeline answers each command with its own reply or error',
    )
  }),
  clause('a pipeline of one command answers with a list of one', async ({ pipeline }) => {
    checkSame(
      await pipeline(['ECHO', 'here']),
      [{ result: 'here' }],
      'a pipeline of one command is answered by a list',
    )
  }),
  clause('a thousand commands of a pipeline each get their own reply', async (wire) => {
    const commands = Array.from({ length: 1_000 }, (_, i): Command => ['ECHO', `${i}`])
    checkSame(
      await wire.pipeline(...commands),
      commands.map(([, text]) => ({ result: text })),
      'a long pipeline answers every command, in order',
    )
  }),
  clause('concurrent pipelines do not mix their replies', async ({ pipeline }) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => pipeline(['ECHO', `a${i}`], ['ECHO', `b${i}`])),
    )
    checkSame(
      answers,
      answers.map((_, i) => [{ result: `a${i}` }, { result: `b${i}` }]),
      'each of many concurrent pipelines gets its own replies',
    )
  }),
  clause('a transaction answers each command, and continues after one that fails', async (wire) => {
    checkSame(
      await wire.transaction(['SET', 'k', 'v'], ['INCR', 'k'], ['GET', 'k']),
      [{ result: 'OK' }, { error: textFrom('ERR value is not an integer') }, { result: 'v' }],
      'a transaction answers each command with its own reply or error',
    )
  }),
  clause('a transaction with an unknown command is discarded as a whole', async (wire) => {
    const answer = await wire.transaction(['SET', 'k', 'v'], ['NOSUCHCOMMAND'])
    // Redis answers once for the whole transaction. The embedded engine answers each command; its first
    // answer is this one.
    const [first] = Array.isArray(answer) ? answer : [answer]
    checkSame(first, { error: textFrom('EXECABORT ') }, 'a discarded transaction answers EXECABORT')
    checkSame(
      await wire.run('GET', 'k'),
      { result: null },
      'a discarded transaction applies no command',
    )
  }),
  clause('no other command runs between those of a transaction', async (wire) => {
    const swaps = Array.from({ length: 40 }, (_, i) =>
      wire.transaction(['SET', 'k', `${i}`], ['GET', 'k'], ['GET', 'k']),
    )
    const noise = Array.from({ length: 40 }, () => wire.run('SET', 'k', 'noise'))
    const answers = await Promise.all(swaps)
    await Promise.all(noise)
    checkSame(
      answers,
      answers.map((_, i) => [{ result: 'OK' }, { result: `${i}` }, { result: `${i}` }]),
      'a transaction reads what it has written itself',
    )
  }),
]

/**
 * Checks that the client of `@upstash/redis` works on the transport.
 *
 * @param lua Whether the Redis behind it runs any script.
 */
export function sdkClause(lua: boolean): Clause {
  return clause(
    'the client of @upstash/redis works on the transport',
    async ({ transport }: Wire) => {
      // Imported here, so that only users of this contract load the package.
      const { Redis } = await import('@upstash/redis')
      const redis = new Redis(transport)
      checkSame(await redis.set('k', { deep: [1, 'two'] }, { ex: 60 }), 'OK', 'set')
      checkSame(await redis.get('k'), { deep: [1, 'two'] }, 'get')
      check((await redis.ttl('k')) > 50, 'ttl answers the seconds that are left')
      checkSame(await redis.set('k', 'other', { nx: true }), null, 'set with nx')
      checkSame(await redis.hset('h', { one: 1, two: 'zwei' }), 2, 'hset')
      checkSame(await redis.hgetall('h'), { one: 1, two: 'zwei' }, 'hgetall')
      checkSame(await redis.hgetall('none'), null, 'hgetall of no key')
      checkSame(await redis.pipeline().incr('n').get('n').exec(), [1, 1], 'pipeline')
      checkSame(await redis.multi().incr('n').incr('n').exec(), [2, 3], 'multi')
      if (lua) checkSame(await redis.eval('return ARGV[1]', [], ['arg']), 'arg', 'eval')
      await checkRejects(
        redis.lpush('k', 'x'),
        (error) => String(error).includes('WRONGTYPE'),
        'an error reply rejects with its text',
      )
    },
  )
}
