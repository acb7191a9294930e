import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EmbeddedRedis, RATE_LIMIT_TWINS } from '../../src/redis/embedded/index.ts'
import type { Command } from '../../src/redis/requester.ts'
import { ManualPlatform } from '../../src/testing/manual-platform.ts'
import { amount } from '../support/deep.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { forRedis70, HASHES, SOURCES } from './differential-ratelimit-sources.ts'
import { report } from './differential-report.ts'

const CALLS_A_RUN = 30
const TOTAL_CALLS = amount(6_000, 60_000)
/** Longer than a run takes, shorter than any time to live that the calls give. */
const TOLERANCE_MS = 5_000

interface Call {
  readonly sha1: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

type Word = fc.Arbitrary<string>

const START = 1_767_225_600_000
const limit: Word = fc.constantFrom('10', '5', '2.5', '0', '1e1', '0x7', 'many', '')
const cost: Word = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('1', '1', '1', '2', '5', '-1') },
  { weight: 1, arbitrary: fc.constantFrom('0.5', '0', 'one', '99999999999999999999', ' 1') },
)
const windowMs: Word = fc.constantFrom('60000', '60000', '60000', '180000.5', 'long')
const now: Word = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: START, max: START + 400_000 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('soon', '0', '-5') },
)
const limitKey = fc.constantFrom([], [], [''], ['limit'], ['window'])
const request: Word = fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5')

function call(
  sha1: string,
  keys: readonly string[],
  args: readonly Word[],
  more: fc.Arbitrary<readonly string[]> = fc.constant([]),
): fc.Arbitrary<Call> {
  return fc
    .tuple(more, fc.tuple(...args))
    .map(([rest, words]) => ({ sha1, keys: [...keys, ...rest], args: words }))
}

/** The arguments that the package passes to each script, and some invalid ones. */
const CALLS: readonly fc.Arbitrary<Call>[] = [
  call('b2efc02798c8e9b471a10f9b1d5745db89923ff3', ['window'], [limit, windowMs, cost], limitKey),
  call('823cb2a5a902d69681244f5e28e5ebb8f2a89edd', ['window'], [limit], limitKey),
  call(
    '74740bb3d7792848093cdef586b6b6037c455fd6',
    ['window', 'before'],
    [limit, now, windowMs, cost],
    limitKey,
  ),
  call(
    '7ca36169e0fc9caedd81b4eef8e99854c157f9b5',
    ['window', 'before'],
    [limit, now, windowMs],
    limitKey,
  ),
  call(
    'd60be5bd3d83482ae229309f1f7425424f891204',
    ['bucket'],
    [limit, windowMs, fc.constantFrom('1', '3', '0.1', '1000'), now, cost],
    limitKey,
  ),
  call('40daf4a441df736f5c99f8b77bbe176c909e5de4', ['bucket'], [limit], limitKey),
  call('1861a700bafe96c833a483af6b1c28a8897cfdb0', ['window'], [windowMs, cost]),
  call('eb82f0e853d2fc9a236fa9bfbe704fda6ac2fc36', ['window'], []),
  call('e04b753a75909b7f99aae4c04cf8869a8de02a9e', ['regions'], [request, windowMs, cost]),
  call('e066c8ce3eaca142b0894ad1541e0a58c9924819', ['regions'], []),
  call(
    'aeb4d8f381e8dafc8e69041baae1324d254ded44',
    ['regions', 'regions before'],
    [limit, now, windowMs, request, cost],
  ),
  call('87828c1088f6a8d1f512a434ea330189982a1c0a', ['regions', 'regions before'], [now, windowMs]),
  call('54bd274ddc59fb3be0f42deee2f64322a10e2b50', ['reg*'], []),
  call('e8062088fe7e67994f617766e5d766490de1afb8', ['denied', 'status'], [request, request]),
]

/** Other contents of the keys, so that dynamic limits, past windows and wrong types occur. */
const setting: fc.Arbitrary<Command> = fc.oneof(
  limit.map((text): Command => ['SET', 'limit', text]),
  fc.constantFrom('0', '3', '7', 'text').map((text): Command => ['SET', 'before', text]),
  request.map((text): Command => ['HSET', 'regions before', text, '2']),
  request.map((text): Command => ['SADD', 'denied', text]),
  fc.constantFrom<Command>(
    ['DEL', 'window', 'limit', 'bucket'],
    ['DEL', 'regions', 'status'],
    ['HSET', 'bucket', 'tokens', '3'],
    ['LPUSH', 'window', 'a list'],
    ['SET', 'status', 'disabled'],
  ),
)

/** The client reads integers beyond 2^53 with another rounding than JavaScript does. */
function rounded(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(rounded)
  const isLarge = Number.isInteger(answer) && !Number.isSafeInteger(answer)
  return isLarge ? (answer as number).toPrecision(12) : answer
}

const step: fc.Arbitrary<Command> = fc.oneof(
  { weight: 1, arbitrary: setting },
  {
    weight: 6,
    arbitrary: fc
      .oneof(...CALLS)
      .map(({ sha1, keys, args }): Command => ['EVALSHA', sha1, keys.length, ...keys, ...args]),
  },
)

describe('the twins of @upstash/ratelimit', () => {
  test('exist for every script of the installed package, each found by its hash', () => {
    const twins = RATE_LIMIT_TWINS.map(({ sha1 }) => sha1).sort()

    expect(SOURCES.map(({ sha1 }) => sha1).sort()).toEqual(twins)
    expect(HASHES.filter((hash) => !twins.includes(hash))).toEqual([])
    expect(HASHES.length).toBeGreaterThan(10)
  })

  test('are all called by the differential test', () => {
    const called = CALLS.map((one) => fc.sample(one, { numRuns: 1, seed: 1 })[0]?.sha1)

    expect([...called].sort()).toEqual(RATE_LIMIT_TWINS.map(({ sha1 }) => sha1).sort())
  })
})

describeWithRedis('the twins of @upstash/ratelimit beside a real redis-server', () => {
  let server: RedisServer
  let client: Redis
  /** Maps the hash that the package uses to the hash of the version for Redis 7.0. */
  const loaded = new Map<string, string>()

  beforeAll(async () => {
    server = await startRedisServer()
    client = new Redis(server.port, { protocol: 2 })
    for (const source of SOURCES) {
      loaded.set(source.sha1, String(await client.call('SCRIPT', 'LOAD', forRedis70(source))))
    }
  })

  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  async function onServer(commands: readonly Command[]): Promise<unknown[]> {
    const pipeline = client.pipeline()
    for (const [name, ...words] of commands) {
      const [sha1 = '', ...rest] = words.map(String)
      pipeline.call(name, name === 'EVALSHA' ? (loaded.get(sha1) ?? '') : sha1, ...rest)
    }
    const answers = (await pipeline.exec()) ?? []
    return answers.map(([error, result]) => (error ? 'an error' : result))
  }

  function onEngine(engine: EmbeddedRedis, commands: readonly Command[]): unknown[] {
    return commands.map((command) => {
      const { result, error } = engine.execute(command)
      // Errors of Lua name a line and a variable, which twins do not have.
      return error === undefined ? result : 'an error'
    })
  }

  const DUMP: readonly Command[] = [
    ['GET', 'window'],
    ['GET', 'before'],
    ['GET', 'status'],
    ['HGETALL', 'bucket'],
    ['HGETALL', 'regions'],
    ['KEYS', '*'],
  ]
  const LIVES: readonly Command[] = ['window', 'bucket', 'regions', 'status'].map(
    (key): Command => ['PTTL', key],
  )

  async function runBoth(commands: readonly Command[]): Promise<void> {
    await client.flushall()
    const engine = new EmbeddedRedis({ platform: new ManualPlatform() })
    const theirs = await onServer([...commands, ...DUMP])
    const ours = onEngine(engine, [...commands, ...DUMP])
    for (const [index, command] of [...commands, ...DUMP].entries()) {
      const isUnordered = command[0] === 'KEYS'
      const [actual, expected] = [ours[index], theirs[index]].map((answer) =>
        isUnordered ? (answer as string[]).toSorted() : rounded(answer),
      )
      expect({ index, command, answer: actual }).toEqual({ index, command, answer: expected })
    }
    const lives = onEngine(engine, LIVES).map(Number)
    for (const [index, left] of (await onServer(LIVES)).entries()) {
      expect(Math.abs(Number(left) - Number(lives[index]))).toBeLessThanOrEqual(TOLERANCE_MS)
    }
  }

  test('answer like their Lua sources, and leave the same data', {
    timeout: TOTAL_CALLS * 20,
  }, async ({ task }) => {
    const steps = fc.array(step, { minLength: CALLS_A_RUN, maxLength: CALLS_A_RUN })
    let calls = 0
    const property = fc.asyncProperty(steps, async (commands) => {
      calls += commands.length
      await runBoth(commands)
    })
    await report([task, 'twins of @upstash/ratelimit'], () => ({ calls }), property, {
      numRuns: Math.ceil(TOTAL_CALLS / CALLS_A_RUN),
    })
  })
})
