/**
 * Reads the headers of the rate limiter with the parser of the package structured-headers (RFC 9651).
 *
 * @module
 */

import { RateLimiter } from 'nearcache/ratelimit'
import { parseList } from 'structured-headers'
import { expect, test } from 'vitest'
import { connect } from './connect.mjs'

const POLICIES = [
  { name: 'burst', by: 'address', limit: 2, window: '1h' },
  { name: 'daily', by: 'address', limit: 100, window: '24h', algorithm: 'token-bucket' },
]
const run = Math.random().toString(36).slice(2)

const limiter = () =>
  new RateLimiter({ redis: connect(), prefix: run, policies: POLICIES, timeout: '5s' })

const read = (text) =>
  parseList(text).map(([name, parameters]) => [name, Object.fromEntries(parameters)])

test('RateLimit-Policy is a List of Strings with q and w', async () => {
  const { headers } = await limiter().limit({ address: '192.0.2.1' })

  expect(read(headers['ratelimit-policy'])).toEqual([
    ['burst', { q: 2, w: 3_600 }],
    ['daily', { q: 100, w: 86_400 }],
  ])
})

test('RateLimit is a List of Strings with r and t', async () => {
  const { headers } = await limiter().limit({ address: '192.0.2.2' })
  const [[first, burst], [second, daily]] = read(headers.ratelimit)

  expect([first, second]).toEqual(['burst', 'daily'])
  expect(burst).toEqual({ r: 1, t: expect.any(Number) })
  expect(daily).toEqual({ r: 99, t: expect.any(Number) })
})

test('a refusal has r=0, and a Retry-After that is not before t', async () => {
  const limits = limiter()
  for (let i = 0; i < 2; i++) await limits.limit({ address: '192.0.2.3' })
  const { allowed, headers } = await limits.limit({ address: '192.0.2.3' })
  const [[, burst]] = read(headers.ratelimit)

  expect(allowed).toBe(false)
  expect(burst.r).toBe(0)
  expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(burst.t)
})
