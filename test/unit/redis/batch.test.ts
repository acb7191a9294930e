import { describe, expect, test } from 'vitest'
import { RemoteError } from '../../../src/errors.ts'
import { Batcher } from '../../../src/redis/batch.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Texts } from '../../../src/redis/gather.ts'
import { guard } from '../../../src/redis/guard.ts'
import type { Command, RedisRequest } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

const MALFORMED = { code: 'ERR_REMOTE', reason: 'malformed reply' }

function bodies({ requests }: FaultyRequester): unknown[] {
  return requests.map(({ body }) => body)
}

/** Answers every command with its own second word. */
function echo({ path = [], body }: RedisRequest): unknown {
  const answer = ([, word]: Command): object => ({ result: String(word) })
  return path.length === 0 ? answer(body as Command) : (body as Command[]).map(answer)
}

function echoing(): FaultyRequester {
  const redis = faultyRequester(embeddedTransport())
  redis.fate = (request) => ({ kind: 'answer', answer: echo(request) })
  return redis
}

/** Reads keys that no other reader shares. */
function read(batcher: Batcher, keys: readonly string[]): Promise<Texts> {
  return batcher.read(keys, [], (texts) => texts)
}

describe('Batcher', () => {
  test('sends a single command without a pipeline', async () => {
    const redis = echoing()

    expect(await new Batcher(redis).send(['GET', 'a'])).toEqual({ result: 'a' })

    expect(redis.requests).toEqual([{ path: [], body: ['GET', 'a'] }])
  })

  test('sends the commands of a tick as one pipeline, in order', async () => {
    const redis = echoing()
    const batcher = new Batcher(redis)

    const answers = await Promise.all([
      batcher.send(['SET', 'a', 1]),
      batcher.send(['GET', 'b']),
      batcher.send(['DEL', 'c']),
    ])

    expect(answers).toEqual([{ result: 'a' }, { result: 'b' }, { result: 'c' }])
    expect(redis.requests).toEqual([
      {
        path: ['pipeline'],
        body: [
          ['SET', 'a', 1],
          ['GET', 'b'],
          ['DEL', 'c'],
        ],
      },
    ])
  })

  test('includes commands sent a microtask later, as by an async function', async () => {
    const redis = echoing()
    const batcher = new Batcher(redis)
    const later = async (): Promise<unknown> => {
      await undefined
      return batcher.send(['GET', 'b'])
    }

    await Promise.all([batcher.send(['GET', 'a']), later()])

    expect(redis.requests).toHaveLength(1)
  })

  test('starts a new request in the next tick', async () => {
    const redis = echoing()
    const batcher = new Batcher(redis)

    await batcher.send(['GET', 'a'])
    await batcher.send(['GET', 'b'])

    expect(bodies(redis)).toEqual([
      ['GET', 'a'],
      ['GET', 'b'],
    ])
  })

  test('sends at most 1,000 commands in a request, and the requests one after the other', async () => {
    const redis = echoing()
    const batcher = new Batcher(redis)
    const words = Array.from({ length: 2_001 }, (_, i) => `k${i}`)

    const answers = await Promise.all(words.map((word) => batcher.send(['GET', word])))

    expect(answers.map(({ result }) => result)).toEqual(words)
    expect(redis.requests.map(({ path }) => path)).toEqual([['pipeline'], ['pipeline'], []])
    expect(redis.requests[0]?.body).toHaveLength(1_000)
    expect(redis.requests[1]?.body).toMatchObject({ 0: ['GET', 'k1000'], 999: ['GET', 'k1999'] })
  })

  test('does not send the second part of a tick before the first is answered', async () => {
    const redis = faultyRequester(embeddedTransport())
    const batcher = new Batcher(redis)
    const first = Promise.withResolvers<unknown>()
    redis.fate = () => ({ kind: 'answer', answer: first.promise })
    const sent = Array.from({ length: 1_001 }, (_, i) => batcher.send(['GET', `k${i}`]))
    await expect.poll(() => redis.requests.length).toBe(1)

    redis.fate = (request) => ({ kind: 'answer', answer: echo(request) })
    first.resolve(Array.from({ length: 1_000 }, () => ({ result: 'first part' })))

    expect(await sent[0]).toEqual({ result: 'first part' })
    expect(await sent[1_000]).toEqual({ result: 'k1000' })
  })

  test.each([
    ['ASCII, of which a character is a byte', 'x'.repeat(3_000_000), [2, 1]],
    ['other text, of which a character may be three', '€'.repeat(1_000_000), [2, 1]],
  ])('keeps requests below 8 MB of %s', async (_what, value, sizes) => {
    const redis = echoing()
    const batcher = new Batcher(redis)

    await Promise.all(['a', 'b', 'c'].map((key) => batcher.send(['SET', key, value])))

    const sent = redis.requests.map(({ path, body }) =>
      path?.length ? (body as unknown[]).length : 1,
    )
    expect(sent).toEqual(sizes)
  })

  test('sends a command larger than the limit in a request of its own, and keeps the order', async () => {
    const redis = echoing()
    const batcher = new Batcher(redis)

    await Promise.all(
      [1, 9_000_000, 1].map((length, i) => batcher.send(['SET', `k${i}`, 'x'.repeat(length)])),
    )

    expect(redis.requests.map(({ body }) => (body as Command)[1])).toEqual(['k0', 'k1', 'k2'])
  })

  describe('combines reads', () => {
    const seeded = async (count: number): Promise<FaultyRequester> => {
      const redis = embeddedTransport()
      const pairs = Array.from({ length: count }, (_, i) => [`k${i}`, `v${i}`]).flat()
      await redis.request({ path: [], body: ['MSET', ...pairs] })
      return faultyRequester(redis)
    }

    test('of one tick into one command, which names each key once', async () => {
      const redis = await seeded(3)
      const batcher = new Batcher(redis)

      const answers = await Promise.all([
        read(batcher, ['k0', 'k1']),
        read(batcher, ['k2', 'k1', 'none']),
        read(batcher, ['k0', 'k1']),
      ])

      expect(answers).toEqual([
        ['v0', 'v1'],
        ['v2', 'v1', null],
        ['v0', 'v1'],
      ])
      expect(bodies(redis)).toEqual([['MGET', 'k0', 'k1', 'k2', 'none']])
    })

    test('that share keys, and gives each reader its own and the shared values', async () => {
      const redis = await seeded(5)
      const batcher = new Batcher(redis)
      const [common, other] = [
        ['k3', 'k4'],
        ['k4', 'k0'],
      ]
      const both = (own: Texts, shared: Texts): Texts[] => [own, shared]

      const answers = await Promise.all([
        batcher.read(['k0'], common, both),
        batcher.read(['k1', 'none'], common, both),
        batcher.read(['k2'], other, both),
        batcher.read(['k4'], common, both),
      ])

      expect(answers).toEqual([
        [['v0'], ['v3', 'v4']],
        [
          ['v1', null],
          ['v3', 'v4'],
        ],
        [['v2'], ['v4', 'v0']],
        [['v4'], ['v3', 'v4']],
      ])
      expect(bodies(redis)).toEqual([['MGET', 'k3', 'k4', 'k0', 'k1', 'none', 'k2']])
    })

    test('but not across a write in the same tick', async () => {
      const batcher = new Batcher(embeddedTransport())

      const [before, , after] = await Promise.all([
        read(batcher, ['k']),
        batcher.send(['SET', 'k', 'written']),
        read(batcher, ['k']),
      ])

      expect(before).toEqual([null])
      expect(after).toEqual(['written'])
    })

    test('but not with a read that has already been sent', async () => {
      const redis = echoing()
      const batcher = new Batcher(redis)
      const first = Promise.withResolvers<unknown>()
      redis.fate = () => ({ kind: 'answer', answer: first.promise })
      const old = read(batcher, ['k'])
      await expect.poll(() => redis.requests.length).toBe(1)

      redis.fate = () => ({ kind: 'answer', answer: { result: ['newer'] } })
      expect(await read(batcher, ['k'])).toEqual(['newer'])
      first.resolve({ result: ['older'] })

      expect(await old).toEqual(['older'])
    })

    /** Four readers with 2,500 keys in all. No two of the last three fit into one command of 256 keys. */
    async function readParts(batcher: Batcher): Promise<void> {
      const keys = Array.from({ length: 2_500 }, (_, i) => `k${i}`)
      const sizes = [156, 100, 200, 2_044]
      const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0))
      const parts = sizes.map((size, i) => keys.slice(starts[i] ?? 0, (starts[i] ?? 0) + size))

      const answers = await Promise.all(parts.map((part) => read(batcher, part)))

      expect(answers.flat()).toEqual(keys.map((key) => `v${key.slice(1)}`))
    }
    const keysOf = (command: Command): number => command.length - 1

    test('up to 256 keys a command, without splitting the keys of one reader', async () => {
      const redis = await seeded(2_500)

      await readParts(new Batcher(redis))

      expect((bodies(redis) as Command[]).map(keysOf)).toEqual([256, 200, 2_044])
    })

    test('and sends a full command before the tick ends', async () => {
      const redis = await seeded(300)
      const batcher = new Batcher(redis)
      const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)

      const full = read(batcher, keys.slice(0, 256))
      const rest = read(batcher, keys.slice(256))

      expect((bodies(redis) as Command[]).map(keysOf)).toEqual([256])
      expect([...(await full), ...(await rest)]).toHaveLength(300)
      expect((bodies(redis) as Command[]).map(keysOf)).toEqual([256, 44])
    })

    test('and sends at most three full commands before the tick ends', async () => {
      const redis = await seeded(2_500)
      const batcher = new Batcher(redis)
      const readAll = (): Promise<unknown> =>
        Promise.all(Array.from({ length: 2_500 }, (_, i) => read(batcher, [`k${i}`])))
      const sent = (): number[] =>
        bodies(redis).map((body) => {
          const [first] = body as [unknown]
          return Array.isArray(first) ? (body as Command[]).length : 1
        })

      await readAll()
      expect(sent()).toEqual([1, 1, 1, 7])

      // The limit applies to each tick.
      await readAll()
      expect(sent()).toEqual([1, 1, 1, 7, 1, 1, 1, 7])
    })

    test('in the request of the write, after a write in the same tick', async () => {
      const redis = await seeded(2_500)
      const batcher = new Batcher(redis)

      const written = batcher.send(['SET', 'k0', 'v0'])
      await readParts(batcher)

      expect(await written).toEqual({ result: 'OK' })
      const [sent, ...others] = bodies(redis) as [Command[]]
      expect(others).toEqual([])
      expect(sent.map(keysOf)).toEqual([2, 256, 200, 2_044])
    })

    test('and rejects each reader with the error of Redis', async () => {
      const redis = echoing()
      redis.fate = () => ({ kind: 'answer', answer: { error: 'NOPERM no' } })
      const batcher = new Batcher(redis)

      const reads = [read(batcher, ['a']), read(batcher, ['b'])]

      const refused = { code: 'ERR_REMOTE', operation: 'MGET', reason: 'NOPERM', applied: 'no' }
      for (const read of reads) await expect(read).rejects.toMatchObject(refused)
    })

    test('and rejects only the reader whose reply is neither text nor null', async () => {
      const redis = echoing()
      redis.fate = () => ({ kind: 'answer', answer: { result: ['text', 1, null] } })
      const batcher = new Batcher(redis)

      const [good, bad, none] = [read(batcher, ['a']), read(batcher, ['b']), read(batcher, ['c'])]

      await expect(bad).rejects.toMatchObject(MALFORMED)
      expect(await good).toEqual(['text'])
      expect(await none).toEqual([null])
    })

    test.each([
      ['too short', ['a']],
      ['too long', ['a', 'b', 'c']],
      ['no list', 'ab'],
    ])('and rejects all readers if the reply is %s', async (_what, result) => {
      const redis = echoing()
      redis.fate = () => ({ kind: 'answer', answer: { result } })
      const batcher = new Batcher(redis)

      const reads = [read(batcher, ['a']), read(batcher, ['b'])]

      for (const read of reads) await expect(read).rejects.toMatchObject(MALFORMED)
    })
  })

  describe('when something fails', () => {
    test('a command that Redis refuses does not affect the others', async () => {
      const batcher = new Batcher(embeddedTransport())

      const [set, bad, get] = await Promise.all([
        batcher.send(['SET', 'k', 'v']),
        batcher.send(['LPUSH', 'k', 'v']),
        batcher.send(['GET', 'k']),
      ])

      expect(set).toEqual({ result: 'OK' })
      expect(bad?.error).toMatch(/^WRONGTYPE/)
      expect(get).toEqual({ result: 'v' })
    })

    test('a failed request rejects all its commands with the same error, and no others', async () => {
      const redis = echoing()
      const batcher = new Batcher(redis)
      const outage = new Error('remote is down')
      redis.fate = () => ({ kind: 'fail', error: outage })

      const results = await Promise.allSettled(['a', 'b'].map((key) => batcher.send(['GET', key])))
      redis.fate = (request) => ({ kind: 'answer', answer: echo(request) })

      expect(results).toEqual([
        { status: 'rejected', reason: outage },
        { status: 'rejected', reason: outage },
      ])
      expect(await batcher.send(['GET', 'c'])).toEqual({ result: 'c' })
    })

    test('a failed part of a tick does not affect the other parts', async () => {
      const redis = faultyRequester(embeddedTransport())
      const batcher = new Batcher(redis)
      redis.fate = (request) =>
        redis.requests.length === 1
          ? { kind: 'fail', error: new Error('remote is down') }
          : { kind: 'answer', answer: echo(request) }
      const sent = Array.from({ length: 1_001 }, (_, i) => batcher.send(['GET', `k${i}`]))

      const results = await Promise.allSettled(sent)

      expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1_000)
      expect(results[1_000]).toEqual({ status: 'fulfilled', value: { result: 'k1000' } })
    })

    test('the parts after a part that timed out reject without being sent', async () => {
      const redis = faultyRequester(embeddedTransport())
      const platform = new ManualPlatform()
      const batcher = new Batcher(guard(redis, { platform, deadlineMs: 500 }))
      const answers = Array.from({ length: 1_000 }, () => ({ result: 'early' }))
      redis.fate = () =>
        redis.requests.length === 1 ? { kind: 'answer', answer: answers } : { kind: 'hang' }
      const sent = Array.from({ length: 3_000 }, (_, i) => batcher.send(['GET', `k${i}`]))
      const last = read(batcher, ['k'])
      const ends = Promise.allSettled([...sent, last])
      await expect.poll(() => redis.requests).toHaveLength(2)

      await platform.advance(500)

      const early = { status: 'fulfilled', value: { result: 'early' } }
      const late = { status: 'rejected', reason: { code: 'ERR_REMOTE_TIMEOUT' } }
      const [first, ...others] = await ends
      expect([first, others[998], others[999], others.at(-1)]).toMatchObject([
        ...[early, early],
        ...[late, late],
      ])
      expect(redis.requests).toHaveLength(2)
    })

    test.each<readonly [string, unknown]>([
      ['is nothing', undefined],
      ['is null', null],
      ['is a text', 'OK'],
      ['is one answer for two commands', { result: 'a' }],
      ['is too short', [{ result: 'a' }]],
      ['is too long', [{ result: 'a' }, { result: 'b' }, { result: 'c' }]],
      ['has a hole', [{ result: 'a' }, null]],
      ['has an answer that is none', [{ result: 'a' }, {}]],
      ['has an error that is no text', [{ result: 'a' }, { error: 5 }]],
    ])('a pipeline whose answer %s fails as a whole', async (_what, answer) => {
      const redis = faultyRequester(embeddedTransport())
      const batcher = new Batcher(redis)
      redis.fate = () => ({ kind: 'answer', answer })

      const results = await Promise.allSettled(['a', 'b'].map((key) => batcher.send(['GET', key])))

      for (const result of results) {
        expect(result).toMatchObject({ status: 'rejected', reason: MALFORMED })
        expect('reason' in result && result.reason).toBeInstanceOf(RemoteError)
      }
    })

    test.each<readonly [string, unknown]>([
      ['nothing', undefined],
      ['null', null],
      ['a list', [{ result: 'a' }]],
      ['an object without result and error', {}],
    ])('a command answered with %s fails', async (_what, answer) => {
      const redis = faultyRequester(embeddedTransport())
      redis.fate = () => ({ kind: 'answer', answer })

      await expect(new Batcher(redis).send(['GET', 'a'])).rejects.toMatchObject(MALFORMED)
    })
  })
})
