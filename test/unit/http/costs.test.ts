import { describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { counting, site, URL_A } from './harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }

// I12
describe('The number of Redis requests and commands', () => {
  const setUp = async (
    fields: Record<string, string>,
    near: { ttl: '1m' } | false = false,
  ): Promise<(init?: RequestInit) => Promise<string>> => {
    const redis = countingTransport(embeddedTransport())
    const { get } = site(counting(fields), {}, { redis, near })
    // The first use of a script takes one more request, which sends its text.
    await get(`${URL_A}?warm`)
    return async (init) => {
      redis.reset()
      await get(URL_A, init)
      return `${redis.counts.requests} / ${redis.counts.commands}`
    }
  }

  test('is three for a miss and one for a hit', async () => {
    const cost = await setUp(FRESH)

    expect(await cost()).toBe('3 / 3')
    expect(await cost()).toBe('1 / 1')
    expect(await cost({ method: 'HEAD' })).toBe('1 / 1')
    expect(await cost({ headers: { 'if-none-match': '*' } })).toBe('1 / 1')
  })

  test('is one more with tags', async () => {
    const cost = await setUp({ ...FRESH, 'cache-tag': 'a, b' })

    expect(await cost()).toBe('4 / 4')
    expect(await cost()).toBe('2 / 2')
  })

  test('is one more for a variant after the first', async () => {
    const cost = await setUp({ ...FRESH, vary: 'x-kind' })
    await cost()

    expect(await cost({ headers: { 'x-kind': 'b' } })).toBe('4 / 4')
    expect(await cost({ headers: { 'x-kind': 'b' } })).toBe('2 / 2')
  })

  test('is three for a response that must not be stored, and one for repetitions within 10 s', async () => {
    const cost = await setUp({ 'cache-control': 'private' })

    expect(await cost()).toBe('3 / 3')
    expect(await cost()).toBe('1 / 1')
  })

  test('is zero for a hit in the near tier', async () => {
    const cost = await setUp(FRESH, { ttl: '1m' })
    await cost()

    expect(await cost()).toBe('0 / 0')
  })

  test('is one for an unsafe request', async () => {
    const cost = await setUp(FRESH)

    expect(await cost({ method: 'PUT' })).toBe('1 / 1')
  })
})
