import { describe, expect, test } from 'vitest'
import { guardedBy, guardedOnce, secrecyOf } from '../../../src/cache/wiring.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { GuardedRequester } from '../../../src/redis/guard.ts'
import { STORE_PUT } from '../../../src/redis/scripts/store.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'

const lost = new RemoteError({
  operation: 'EVALSHA',
  reason: 'ECONNRESET',
  applied: 'unknown',
  retryable: true,
})

describe('guardedOnce', () => {
  const platform = new ManualPlatform()

  /** How often a script is sent if its first reply is lost. */
  async function sendings(wire: (redis: GuardedRequester) => GuardedRequester): Promise<number> {
    const redis = faultyRequester(embeddedTransport())
    redis.fate = () =>
      redis.requests.length === 1 ? { kind: 'fail', error: lost } : { kind: 'pass' }
    const guarded = wire(guardedBy({ redis }, platform))
    const body = ['EVALSHA', STORE_PUT.sha1, 1, 'k']
    const answered = guarded.request({ path: [], body }).catch(() => undefined)
    await platform.advance(400)
    await answered
    return redis.requests.length
  }

  test('uses a guarded connection as it is, but allows it to retry more scripts', async () => {
    const once = (redis: GuardedRequester) => guardedOnce({ redis }, platform, [STORE_PUT])

    expect(await sendings((redis) => redis)).toBe(1)
    expect(await sendings(once)).toBe(2)
    const redis = guardedBy({ redis: embeddedTransport() }, platform)
    expect(guardedOnce({ redis }, platform, [])).toBe(redis)
  })

  test('passes on whether the transport is a cluster', () => {
    const cluster = Object.assign(embeddedTransport(), { cluster: true })

    expect(guardedOnce({ redis: cluster }, platform, []).cluster).toBe(true)
    expect(guardedOnce({ redis: embeddedTransport() }, platform, []).cluster).toBe(false)
  })
})

describe('secrecyOf', () => {
  test('returns neither secret nor cipher without options', () => {
    expect(secrecyOf({})).toEqual({ hashSecret: undefined, cipher: undefined })
  })

  test('refuses encryption without hashed names', () => {
    const keys = [{ id: 'k', secret: '11'.repeat(32) }]

    expect(() => secrecyOf({ encryption: { keys } })).toThrow(
      'Option "hashKeys" must be given with encryption, or names would be readable',
    )
  })
})
