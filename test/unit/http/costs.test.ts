import { describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { counting, site, URL_A } from './harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }

// I12
describe('What a request costs, in requests and commands of Redis,', () => {
  const setUp = async (
    fields: Record<string, string>,
    near: { ttl: '1m' } | false = false,
  ): Promise<(init?: RequestInit) => Promise<string>> => {
    const redis = countingTransport(embeddedTransport())
    const { get } = site(counting(fields), {}, { redis, near })
    // Scripts that Redis does not know yet cost a request more.
    await get(`${URL_A}?warm`)
    return async (init) => {
      redis.reset()
      await get(URL_A, init)
      return `${redis.counts.requests} / ${redis.counts.commands}`
    }
  }

  test('for a miss is three, for a hit one', async () => {
    const cost = await setUp(FRESH)

    expect(await cost()).toBe('3 / 3')
    expect(await cost()).toBe('1 / 1')
    expect(await cost({ method: 'HEAD' })).toBe('1 / 1')
    expect(await cost({ headers: { 'if-none-match': '*' } })).toBe('1 / 1')
  })

  test('with tags is one more', async () => {
    const cost = await setUp({ ...FRESH, 'cache-tag': 'a, b' })

    expect(await cost()).toBe('4 / 4')
    expect(await cost()).toBe('2 / 2')
  })

  test('for a variant is one more than for the first', async () => {
    const cost = await setUp({ ...FRESH, vary: 'x-kind' })
    await cost()

    expect(await cost({ headers: { 'x-kind': 'b' } })).toBe('4 / 4')
    expect(await cost({ headers: { 'x-kind': 'b' } })).toBe('2 / 2')
  })

  test('for what is not to be stored is three, and for ten seconds one', async () => {
    const cost = await setUp({ 'cache-control': 'private' })

    expect(await cost()).toBe('3 / 3')
    expect(await cost()).toBe('1 / 1')
  })

  test('for a hit of the near tier is none', async () => {
    const cost = await setUp(FRESH, { ttl: '1m' })
    await cost()

    expect(await cost()).toBe('0 / 0')
  })

  test('for an unsafe request is one', async () => {
    const cost = await setUp(FRESH)

    expect(await cost({ method: 'PUT' })).toBe('1 / 1')
  })
})
