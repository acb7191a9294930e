import { beforeEach, describe, expect, test } from 'vitest'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { type GuardedRequester, type GuardOptions, guard } from '../../../src/redis/guard.ts'
import type { Argument, Command } from '../../../src/redis/requester.ts'
import { COMMIT } from '../../../src/redis/scripts/protocol.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type Fate, type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

const lost: Fate = {
  kind: 'fail',
  error: new RemoteError({
    operation: 'GET',
    reason: 'ECONNRESET',
    applied: 'unknown',
    retryable: true,
  }),
}
const refused: Fate = {
  kind: 'fail',
  error: new RemoteError({
    operation: 'GET',
    reason: 'ECONNREFUSED',
    applied: 'no',
    retryable: true,
  }),
}
const pass: Fate = { kind: 'pass' }

describe('guard retries', () => {
  let platform: ManualPlatform
  let redis: FaultyRequester

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = faultyRequester(embeddedTransport())
  })

  const make = (options: Partial<GuardOptions> = {}): GuardedRequester =>
    guard(redis, { platform, ...options })

  const send = (guarded: GuardedRequester, ...body: Command): Promise<unknown> =>
    guarded.request({ path: [], body })

  /** Each request gets the next of these outcomes; the last one is repeated. */
  function meets(...fates: Fate[]): void {
    redis.fate = () => fates[Math.min(redis.requests.length, fates.length) - 1] ?? pass
  }

  test('and reports `applied: unknown` if the first attempt may have been applied and the second was not sent', async () => {
    meets(lost, { kind: 'fail', error: new Error('Too many subrequests.') })
    const failed = expect(send(make(), 'GET', 'k')).rejects.toMatchObject({
      reason: 'too many subrequests',
      applied: 'unknown',
    })

    await platform.advance(400)

    await failed
    expect(redis.requests).toHaveLength(2)
  })

  test('a read whose outcome is unknown', async () => {
    const guarded = make()
    meets(lost, lost, pass)
    const answered = send(guarded, 'GET', 'k')

    await platform.advance(400)

    expect(await answered).toEqual({ result: null })
    expect(guarded.counts).toEqual({ requests: 3, commands: 3, retries: 2, timeouts: 0 })
  })

  test('and reports `applied: unknown` even if the last attempt was surely not applied', async () => {
    const guarded = make()
    meets(lost, refused)
    const failed = expect(send(guarded, 'DEL', 'k')).rejects.toMatchObject({
      reason: 'ECONNREFUSED',
      applied: 'unknown',
    })

    await platform.advance(400)

    await failed
    expect(redis.requests).toHaveLength(3)
  })

  test('at most `retries` times', async () => {
    const guarded = make({ retries: 1 })
    meets(lost)
    const failed = expect(send(guarded, 'GET', 'k')).rejects.toBe(lost.error)

    await platform.advance(400)

    await failed
    expect(redis.requests).toHaveLength(2)
  })

  test('nothing with `retries: 0`', async () => {
    meets(lost)

    await expect(send(make({ retries: 0 }), 'GET', 'k')).rejects.toBe(lost.error)
    expect(redis.requests).toHaveLength(1)
  })

  test('scripts of the protocol, by hash and by text', async () => {
    for (const command of [
      ['EVALSHA', COMMIT.sha1, 2, 'e', 'l', 'token', 'entry', 1_000, 'prefix'],
      ['EVAL', COMMIT.lua, 2, 'e', 'l', 'token', 'entry', 1_000, 'prefix'],
    ] satisfies Command[]) {
      redis = faultyRequester(embeddedTransport())
      meets(lost, pass)
      const answered = send(make(), ...command)
      await platform.advance(100)
      expect(await answered).toEqual({ result: 0 })
    }
  })

  test.each<[string, ...Argument[]]>([
    ['INCR', 'k'],
    ['EVALSHA', 'f'.repeat(40), 0],
    ['SET', 'k', 'v', 'NX'],
  ])('but not %s %s, which may have been applied', async (name, ...args) => {
    meets(lost)

    await expect(send(make(), name, ...args)).rejects.toBe(lost.error)
    expect(redis.requests).toHaveLength(1)
  })

  test('any command that was surely not applied', async () => {
    const guarded = make()
    meets(refused, pass)
    const answered = send(guarded, 'INCR', 'k')

    await platform.advance(100)

    expect(await answered).toEqual({ result: 1 })
  })

  test('a pipeline only if all of its commands may be repeated', async () => {
    const body = [
      ['GET', 'a'],
      ['INCR', 'b'],
    ]
    meets(lost, pass)
    await expect(make().request({ path: ['pipeline'], body })).rejects.toBe(lost.error)

    redis = faultyRequester(embeddedTransport())
    meets(lost, pass)
    const answered = make().request({
      path: ['pipeline'],
      body: [
        ['GET', 'a'],
        ['DEL', 'b'],
      ],
    })
    await platform.advance(100)
    expect(await answered).toEqual([{ result: null }, { result: 0 }])
  })

  test('a command in the path only if it may be repeated', async () => {
    const guarded = make()
    meets(lost, pass)

    await expect(guarded.request({ path: ['incr', 'k'] })).rejects.toBe(lost.error)

    expect(guarded.counts).toMatchObject({ requests: 1, commands: 1, retries: 0 })
  })

  test('after an increasing backoff', async () => {
    platform = new ManualPlatform({ random: 0 })
    meets(lost)
    const failed = expect(send(make(), 'GET', 'k')).rejects.toBe(lost.error)
    const sent: number[] = []
    for (let ms = 0; ms < 20; ms++) {
      await platform.advance(1)
      sent.push(redis.requests.length)
    }

    await failed
    expect(sent.indexOf(2)).toBe(4)
    expect(sent.indexOf(3)).toBe(14)
  })

  test('not before the time that the server asked for, and never after half of the deadline', async () => {
    const asked = (retryAfterMs: number): Fate => ({
      kind: 'fail',
      error: new RemoteError({
        operation: 'GET',
        reason: 'HTTP 429',
        applied: 'no',
        retryable: true,
        retryAfterMs,
      }),
    })
    meets(asked(200), pass)
    const answered = send(make({ deadlineMs: 500 }), 'GET', 'k')
    await platform.advance(199)
    expect(redis.requests).toHaveLength(1)
    await platform.advance(1)
    expect(await answered).toEqual({ result: null })

    redis = faultyRequester(embeddedTransport())
    meets(asked(251), pass)
    await expect(send(make({ deadlineMs: 500 }), 'GET', 'k')).rejects.toMatchObject({
      reason: 'HTTP 429',
    })
  })
})
