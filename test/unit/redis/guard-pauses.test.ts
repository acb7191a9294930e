import { beforeEach, describe, expect, test } from 'vitest'
import { CircuitOpenError, RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { httpError } from '../../../src/redis/failure.ts'
import { type GuardedRequester, type GuardOptions, guard } from '../../../src/redis/guard.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type Fate, type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'
import { everythingIn } from '../../support/leaks.ts'

const limited = (retryAfterMs?: number, status = 429): Fate => ({
  kind: 'fail',
  error: httpError('GET', status, retryAfterMs),
})
const answers = (error: string): Fate => ({ kind: 'answer', answer: { error } })
const throws = (message: string): Fate => ({ kind: 'fail', error: new Error(message) })
const YEAR = 31_536_000_000

describe('guard', () => {
  let platform: ManualPlatform
  let redis: FaultyRequester

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = faultyRequester(embeddedTransport())
  })

  const make = (options: Partial<GuardOptions> = {}): GuardedRequester =>
    guard(redis, { platform, ...options })

  const get = (guarded: GuardedRequester): Promise<unknown> =>
    guarded.request({ path: [], body: ['GET', 'k'] })

  describe('sends no request to a server', () => {
    test.each([
      ['for as long as it asked', limited(7_000), 7_000],
      ['for as long as it asked with 503', limited(7_000, 503), 7_000],
      ['for 30 seconds where it asked for a year', limited(YEAR), 30_000],
      ['for the cooldown after a refused token', limited(undefined, 401), 1_000],
      ['for the cooldown after WRONGPASS', answers('WRONGPASS invalid'), 1_000],
      ['for the cooldown after NOAUTH', answers('NOAUTH Authentication required.'), 1_000],
    ])('%s, after one request', async (_, fate, pauseMs) => {
      const guarded = make()
      redis.fate = () => fate
      await expect(get(guarded)).rejects.toBeInstanceOf(RemoteError)
      redis.fate = () => ({ kind: 'pass' })

      await platform.advance(pauseMs - 1)
      await expect(get(guarded)).rejects.toBeInstanceOf(CircuitOpenError)
      expect(redis.requests).toHaveLength(1)

      await platform.advance(1)
      expect(await get(guarded)).toEqual({ result: null })
    })

    test.each([
      ['a 403, which may be about one request', limited(undefined, 403)],
      ['NOPERM, which is about one command', answers('NOPERM this user has no permissions')],
      ['a server error', limited(undefined, 500)],
    ])('but does not pause after %s', async (_, fate) => {
      const guarded = make()
      redis.fate = () => fate
      await get(guarded).catch(() => undefined)

      expect(guarded.circuit).toBe('closed')
    })

    test('but does not open the circuit if the operation itself can wait for the requested time', async () => {
      const guarded = make()
      redis.fate = () => (redis.requests.length === 1 ? limited(200) : { kind: 'pass' })
      const answered = get(guarded)
      await platform.advance(200)

      expect(await answered).toEqual({ result: null })
      expect(guarded.circuit).toBe('closed')
    })
  })

  describe('converts an error reply thrown by a Requester:', () => {
    test('to an answer, without the command that @upstash/redis appends', async () => {
      redis.fate = () => throws('NOSCRIPT No matching script., command was: ["EVALSHA","SENTINEL"]')

      expect(await get(make())).toEqual({ error: 'NOSCRIPT No matching script.' })
    })

    test('to a failure without arguments, if it says that Redis cannot serve', async () => {
      redis.fate = () => throws('LOADING Redis is loading, command was: ["GET","SENTINEL"]')

      const error = await get(make({ retries: 0 })).catch((e) => e)

      expect(error).toMatchObject({ name: RemoteError.name, reason: 'LOADING' })
      expect(everythingIn(error)).not.toContain('SENTINEL')
    })

    test('to a failure of the whole pipeline', async () => {
      redis.fate = () => throws('ERR max request size exceeded, command was: [["GET","SENTINEL"]]')
      const request = make().request({ path: ['pipeline'], body: [['GET', 'SENTINEL']] })

      const error = await request.catch((e) => e)

      expect(error).toMatchObject({ operation: 'pipeline', reason: 'request too large' })
      expect(everythingIn(error)).not.toContain('SENTINEL')
    })

    test.each([
      'Unexpected token <',
      'internal error, command was: ["GET","ERR SENTINEL"]',
      'Err not as Redis writes it',
    ])('but not "%s", which is not an error reply of Redis', async (message) => {
      redis.fate = () => throws(message)

      const error = await get(make({ retries: 0 })).catch((e) => e)

      expect(error).toMatchObject({ reason: 'network', applied: 'unknown' })
      expect(everythingIn(error)).not.toContain('SENTINEL')
    })
  })
})
