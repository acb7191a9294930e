import { beforeEach, describe, expect, test } from 'vitest'
import {
  CircuitOpenError,
  ClosedError,
  RemoteError,
  RemoteTimeoutError,
} from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { type GuardedRequester, type GuardOptions, guard } from '../../../src/redis/guard.ts'
import type { Command } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type Fate, type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'
import { everythingIn } from '../../support/leaks.ts'

const lost: Fate = {
  kind: 'fail',
  error: new RemoteError({
    operation: 'GET',
    reason: 'ECONNRESET',
    applied: 'unknown',
    retryable: true,
  }),
}
const hang: Fate = { kind: 'hang' }
const pass: Fate = { kind: 'pass' }

describe('guard', () => {
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

  describe('at the deadline', () => {
    test('passes the time limit to the transport', async () => {
      await send(make({ deadlineMs: 100 }), 'GET', 'k')

      expect(redis.requests[0]).toMatchObject({ deadlineMs: 100 })
    })

    test('rejects with RemoteTimeoutError and aborts the request of the transport', async () => {
      const guarded = make({ deadlineMs: 100 })
      meets(hang)
      const failed = expect(send(guarded, 'SET', 'k', 'v')).rejects.toMatchObject({
        name: RemoteTimeoutError.name,
        operation: 'SET',
        timeoutMs: 100,
        applied: 'unknown',
      })

      await platform.advance(99)
      expect(redis.requests[0]?.signal?.aborted).toBe(false)
      await platform.advance(1)

      await failed
      expect(redis.requests[0]?.signal?.aborted).toBe(true)
      expect(guarded.counts).toMatchObject({ requests: 1, timeouts: 1 })
    })

    test('rejects, counting the time of all attempts together', async () => {
      const guarded = make({ deadlineMs: 100, retries: 10 })
      meets(lost, hang)
      const failed = expect(send(guarded, 'GET', 'k')).rejects.toThrow(RemoteTimeoutError)

      await platform.advance(100)

      await failed
      expect(redis.requests).toHaveLength(2)
    })

    test('rejects while it waits for a retry', async () => {
      const guarded = make({ deadlineMs: 100, retries: 10 })
      meets(lost)
      const failed = expect(send(guarded, 'GET', 'k')).rejects.toThrow()

      await platform.advance(100)

      await failed
      const sent = redis.requests.length
      await platform.advance(10_000)
      expect(redis.requests).toHaveLength(sent)
      expect(platform.pendingTimers).toBe(0)
    })

    test('leaves no timer if the answer came in time', async () => {
      await send(make(), 'GET', 'k')
      await platform.advance(0)

      expect(platform.pendingTimers).toBe(0)
    })
  })

  describe('the circuit', () => {
    const breaker = { threshold: 2, cooldownMs: 1_000 }

    test('opens after failures, refuses without sending, and closes after a probe', async () => {
      const guarded = make({ breaker, retries: 0 })
      meets(lost)
      for (let i = 0; i < 2; i++) await expect(send(guarded, 'GET', 'k')).rejects.toBe(lost.error)
      expect(guarded.circuit).toBe('open')

      await expect(send(guarded, 'GET', 'k')).rejects.toThrow(CircuitOpenError)
      expect(redis.requests).toHaveLength(2)

      await platform.advance(1_000)
      meets(pass)
      expect(await send(guarded, 'GET', 'k')).toEqual({ result: null })
      expect(guarded.circuit).toBe('closed')
    })

    test('opens on timeouts', async () => {
      const guarded = make({ breaker, deadlineMs: 100 })
      meets(hang)
      const failed = [0, 1].map(() =>
        expect(send(guarded, 'GET', 'k')).rejects.toThrow(RemoteTimeoutError),
      )

      await platform.advance(100)

      await Promise.all(failed)
      expect(guarded.circuit).toBe('open')
    })

    test('does not open when a Worker invocation has used up its subrequests, because others have not', async () => {
      const guarded = make({ breaker })
      const error = new Error('Too many subrequests by single Worker invocation.')
      meets({ kind: 'fail', error })
      for (let i = 0; i < 5; i++) {
        await expect(send(guarded, 'GET', 'k')).rejects.toMatchObject({
          reason: 'too many subrequests',
        })
      }
      expect(redis.requests).toHaveLength(5)
      expect(guarded.circuit).toBe('closed')
    })

    test('does not close or forget failures when a Worker invocation has used up its subrequests', async () => {
      const guarded = make({ breaker, retries: 0 })
      const spent: Fate = { kind: 'fail', error: new Error('Too many subrequests.') }
      meets(lost, spent, lost, spent, lost)
      const fails = (): Promise<void> => expect(send(guarded, 'GET', 'k')).rejects.toThrow()

      for (let i = 0; i < 3; i++) await fails()
      expect(guarded.circuit).toBe('open')
      await platform.advance(1_000)
      await fails()
      expect(guarded.circuit).toBe('half-open')

      await platform.advance(500)
      await fails()
      expect(redis.requests).toHaveLength(5)
      expect(guarded.circuit).toBe('open')
    })

    test('does not open on error replies to bad commands', async () => {
      const guarded = make({ breaker })
      for (let i = 0; i < 5; i++) {
        expect(await send(guarded, 'NO-SUCH-COMMAND')).toMatchObject({
          error: expect.stringMatching(/^ERR/),
        })
      }

      expect(guarded.circuit).toBe('closed')
    })

    test.each([
      'LOADING Redis is loading',
      'READONLY You cannot write',
      'ERR max requests limit exceeded. Limit: 10',
    ])('opens on replies that say Redis cannot serve: %s', async (error) => {
      const guarded = make({ breaker, retries: 0 })
      redis.fate = () => ({ kind: 'answer', answer: { error } })

      for (let i = 0; i < 2; i++) {
        await expect(send(guarded, 'GET', 'k')).rejects.toBeInstanceOf(RemoteError)
      }

      expect(guarded.circuit).toBe('open')
    })

    test('ignores such a reply of one node of a cluster, and passes all replies on', async () => {
      const answer = [{ error: 'LOADING Redis is loading' }, { result: 'v' }]
      meets({ kind: 'answer', answer })
      const guarded = guard(Object.assign(redis, { cluster: true }), { platform })
      const body = [
        ['GET', 'a'],
        ['GET', 'b'],
      ]

      expect(await guarded.request({ path: ['pipeline'], body })).toEqual(answer)
      expect(guarded.counts).toMatchObject({ requests: 1, retries: 0 })
    })

    test('counts a pipeline that begins with such a reply as failed', async () => {
      const guarded = make({ retries: 0 })
      const answer = [{ error: 'LOADING Redis is loading' }, { error: 'LOADING Redis is loading' }]
      redis.fate = () => ({ kind: 'answer', answer })

      await expect(
        guarded.request({
          path: ['pipeline'],
          body: [
            ['GET', 'a'],
            ['GET', 'b'],
          ],
        }),
      ).rejects.toMatchObject({ operation: 'pipeline', reason: 'LOADING' })
    })

    test('does not open because the transport was closed', async () => {
      const transport = embeddedTransport()
      const guarded = guard(transport, { platform, breaker })
      await transport.close()

      for (let i = 0; i < 5; i++) {
        await expect(send(guarded, 'GET', 'k')).rejects.toThrow(ClosedError)
      }

      expect(guarded.circuit).toBe('closed')
    })
  })

  describe('errors, counts and tokens', () => {
    test('an unknown error of a transport becomes a RemoteError without the original message', async () => {
      const secret = 'redis://user:hunter2@10.0.0.7 GET user:ada@example.org'
      redis.fate = () => ({ kind: 'fail', error: new Error(secret, { cause: secret }) })

      const error = await send(make({ retries: 0 }), 'GET', 'user:ada@example.org').catch((e) => e)

      expect(error).toBeInstanceOf(RemoteError)
      expect(everythingIn(error)).not.toMatch(/hunter2|ada@example/)
    })

    test('requests and commands are counted, pipelines included', async () => {
      const guarded = make()
      const body = [
        ['GET', 'a'],
        ['GET', 'b'],
      ]
      await send(guarded, 'GET', 'a')
      await guarded.request({ path: ['pipeline'], body })
      await guarded.request({ path: ['multi-exec'], body })

      expect(guarded.counts).toEqual({ requests: 3, commands: 5, retries: 0, timeouts: 0 })
    })

    test('the sync token is passed from and to the transport', () => {
      const guarded = make()
      expect(guarded.upstashSyncToken).toBe('')

      redis.upstashSyncToken = 'from the server'
      expect(guarded.upstashSyncToken).toBe('from the server')
      guarded.upstashSyncToken = 'from the caller'
      expect(redis.upstashSyncToken).toBe('from the caller')
    })
  })

  test('a subscription has no deadline', async () => {
    const guarded = make({ deadlineMs: 10 })
    const heard: string[] = []
    const end = new AbortController()
    await guarded.request({
      path: ['subscribe', 'news'],
      isStreaming: true,
      onMessage: (data) => heard.push(data),
      signal: end.signal,
    })

    await platform.advance(10_000)
    await send(guarded, 'PUBLISH', 'news', 'hello')

    await expect.poll(() => heard.join()).toContain('hello')
    end.abort()
  })
})
